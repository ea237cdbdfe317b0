using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>The answers that policy server and CMTS write alike.</summary>
internal static class PepReports
{
    private static readonly SubscriberId NullSubscriber = SubscriberId.FromV4(0);

    /// <summary>The error answer of a command, with null values for what the command lacked.</summary>
    public static void Refuse(CopsConnection connection, in PcmmMessage command, PcmmError error)
    {
        GateCommand answer = command.Command switch
        {
            GateCommand.GateSet => GateCommand.GateSetErr,
            GateCommand.GateInfo => GateCommand.GateInfoErr,
            GateCommand.GateDelete => GateCommand.GateDeleteErr,
            GateCommand.PdpConfig => GateCommand.PdpConfigErr,
            GateCommand.SynchRequest => GateCommand.SynchComplete,
            _ => GateCommand.GateCmdErr,
        };
        CopsWriter writer = connection.BeginReport(CopsReportType.Failure, 256);
        writer.AddTransaction(command.Transaction, answer);
        if (answer == GateCommand.SynchComplete)
        {
            AddScope(ref writer, command);
        }
        else if (answer != GateCommand.PdpConfigErr)
        {
            command.TryGetAmid(out Amid amid);
            writer.AddAmid(amid);
        }
        if (answer == GateCommand.GateSetErr) writer.AddSubscriber(command.TryGetSubscriber(out SubscriberId subscriber) ? subscriber : NullSubscriber);
        if (answer is GateCommand.GateInfoErr or GateCommand.GateDeleteErr)
        {
            command.TryGetGateId(out GateId id);
            writer.AddGateId(id);
            if (command.TryGetPsid(out Psid psid)) writer.AddPsid(psid);
        }
        writer.AddError(error);
        if (answer == GateCommand.GateSetErr && command.TryGetOpaque(out ulong opaque)) writer.AddOpaque(opaque);
        connection.Commit(ref writer);
    }

    /// <summary>AMID and PSID of a Synch-Complete: those of the request.</summary>
    public static void AddScope(ref CopsWriter writer, in PcmmMessage command)
    {
        if (command.TryGetAmid(out Amid amid)) writer.AddAmid(amid);
        if (command.TryGetPsid(out Psid psid)) writer.AddPsid(psid);
    }

    public static void AcceptConfiguration(CopsConnection connection, ushort transaction)
    {
        CopsWriter writer = connection.BeginReport(CopsReportType.Success, 64);
        writer.AddTransaction(transaction, GateCommand.PdpConfigAck);
        connection.Commit(ref writer);
    }

    /// <summary>An answer to a decision that is not Install, or that has no command we know.</summary>
    public static void RefuseCommand(CopsConnection connection, in PcmmMessage command, PcmmError error)
    {
        CopsWriter writer = connection.BeginReport(CopsReportType.Failure, 64);
        writer.AddTransaction(command.Transaction, GateCommand.GateCmdErr);
        command.TryGetAmid(out Amid amid);
        writer.AddAmid(amid);
        writer.AddError(error);
        connection.Commit(ref writer);
    }
}
