using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <content>Reports whose delivery no application manager has confirmed: kept, and told again by incremental synchronisation.</content>
public sealed partial class PolicyServer
{
    private static readonly TimeSpan SynchRetry = TimeSpan.FromSeconds(10);
    private readonly SortedDictionary<uint, Undelivered> _undelivered = [];
    private readonly HashSet<uint> _knownAmids = [];
    private readonly HashSet<uint> _lostIncrements = [];

    /// <summary>A report without its transaction and receipt key.</summary>
    private sealed record Undelivered(Amid Amid, byte[] Objects);

    /// <summary>Sends a report, or keeps it when nobody is there to take it; with a receipt key it is kept until the key comes back.</summary>
    private void Deliver(Amid amid, PepAssociation? peer, byte[] objects)
    {
        if (peer is null) Counters.Dropped++;
        if (peer is { IsConfigured: false })
        {
            WriteReport(peer, CopsReportType.Accounting, 0, GateCommand.GateReportState, objects, null);
            return; // A peer without PDP-Config gives no receipts and cannot ask again.
        }
        uint key = ++_lastReceiptKey;
        if (_undelivered.Count >= _settings.MaxUndelivered)
        {
            (uint oldest, Undelivered lost) = _undelivered.First();
            _undelivered.Remove(oldest);
            _lostIncrements.Add(lost.Amid.Value);
        }
        _undelivered.Add(key, new Undelivered(amid, objects));
        if (peer is not null) WriteReport(peer, CopsReportType.Accounting, 0, GateCommand.GateReportState, objects, key);
    }

    private static void WriteReport(PepAssociation peer, CopsReportType type, ushort transaction, GateCommand command, byte[] objects, uint? key)
    {
        CopsWriter writer = peer.Connection.BeginReport(type, objects.Length + 128);
        writer.AddTransaction(transaction, command);
        writer.AddRaw(objects);
        if (key is { } receipt)
        {
            writer.AddReceiptKey(receipt);
            peer.Await(receipt);
        }
        peer.Connection.Commit(ref writer);
    }

    private PcmmError HandleReceipt(PepAssociation peer, in PcmmMessage command)
    {
        if (!command.TryGetReceiptKey(out uint key) || !peer.Unconfirmed.Contains(key)) return default;
        uint confirmed;
        do
        {
            confirmed = peer.Unconfirmed.Dequeue();
            _undelivered.Remove(confirmed);
        }
        while (confirmed != key);
        return default;
    }

    /// <summary>Everything unconfirmed of one AMID again, in its order; an error says that a full synchronisation is needed.</summary>
    private PcmmError HandleIncrementalRequest(PepAssociation peer, ushort transaction, Amid amid)
    {
        if (!peer.HadState) return new PcmmError(PcmmErrorCode.NoStateForPdp);
        if (_lostIncrements.Remove(amid.Value)) return new PcmmError(PcmmErrorCode.StateDataIncomplete);
        foreach (CmtsLink link in _south)
        {
            // What happened behind a CMTS that cannot be asked, or was not asked yet, is not known.
            if (!link.Association.IsOpen) return new PcmmError(PcmmErrorCode.TransportError);
            if (!link.IsSynchronised) return new PcmmError(PcmmErrorCode.StateDataIncomplete);
        }
        Counters.Synchronisations++;
        foreach ((uint key, Undelivered report) in _undelivered)
        {
            if (report.Amid == amid) WriteReport(peer, CopsReportType.Success, transaction, GateCommand.SynchReport, report.Objects, key);
        }
        FinishMerge(new SynchMerge(peer.Link, transaction, amid));
        return default;
    }

    /// <summary>After a reconnection the CMTS first tells what it could not deliver, with the true reasons; then everything is compared.</summary>
    private void BeginIncrement(int cmts, TimeSpan now)
    {
        CmtsLink link = _south[cmts];
        CopsWriter writer = link.Association.Connection!.BeginDecision(128);
        writer.AddTransaction(link.Association.Add(Own(OperationKind.OwnIncrement, null), now, isEndless: true), GateCommand.SynchRequest);
        writer.AddPsid(_settings.Psid);
        writer.AddSynchOptions(new SynchOptions(IsComplete: false, IsIncremental: true));
        link.Association.Connection.Commit(ref writer);
    }

    /// <summary>The objects of a report that goes north, copied out of the CMTS's or written from this server's own record.</summary>
    private static byte[] ReportObjects(in PcmmMessage report)
    {
        var writer = new CopsWriter(new byte[report.Payload.Length + 512], CopsOpCode.ReportState);
        writer.BeginPayload(CopsClass.ClientSpecific, 1);
        ForwardCopy.AddObjects(ref writer, report, report.Layout, ForwardCopy.ReceiptKey | ForwardCopy.Psid);
        return writer.Payload.ToArray();
    }

    private static byte[] ReportObjects(DecidedGate gate, GateState state, GateReason reason)
    {
        var writer = new CopsWriter(new byte[256], CopsOpCode.ReportState);
        writer.BeginPayload(CopsClass.ClientSpecific, 1);
        GateCommands.AddGateReference(ref writer, gate.Owner, gate.Subscriber, gate.Id);
        writer.AddState(state, reason);
        writer.AddGateTime(gate.CommittedSeconds);
        writer.AddGateUsage(gate.UsageKilobytes);
        if (gate.Opaque is { } opaque) writer.AddOpaque(opaque);
        return writer.Payload.ToArray();
    }
}
