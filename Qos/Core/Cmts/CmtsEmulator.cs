using System.Buffers.Binary;
using System.Security.Cryptography;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cmts;

/// <summary>
/// A CMTS as far as gate control sees it, as a pure engine: modems, admission, service flows with their exchanges, timers, counters,
/// reports, synchronisation and reboot. It listens; policy servers (or an application manager alone) connect.
/// </summary>
public sealed partial class CmtsEmulator
{
    private readonly CmtsSettings _settings;
    private readonly RandomNumberGenerator _random;
    private readonly Dictionary<int, PepAssociation> _links = [];
    private readonly Dictionary<SubscriberId, Modem> _modems = [];
    private readonly Dictionary<uint, EmulatedGate> _gates = [];
    private readonly Dictionary<UInt128, uint> _sharedResources = [];
    private readonly DeadlineHeap<Gate> _deadlines = new();
    private readonly DeadlineHeap<PendingSet> _exchanges = new();
    private readonly Dictionary<EmulatedGate, PendingSet> _changing = [];
    private readonly HashSet<uint> _knownPsids = [];
    private readonly double[] _reserved = new double[2];
    private readonly int[] _perPriority = new int[8];
    private uint _lastGate;
    private uint _lastFlow;
    private uint _lastReceiptKey;
    private int _sids;

    public CmtsEmulator(CmtsSettings settings, RandomNumberGenerator random)
    {
        _settings = settings;
        _random = random;
        _lastGate = RandomNumber() >> 1;
    }

    public CmtsCounters Counters { get; } = new();

    public int GateCount => _gates.Count;

    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan next = _deadlines.NextDeadline ?? TimeSpan.MaxValue;
            if (_exchanges.NextDeadline is { } exchange && exchange < next) next = exchange;
            foreach (PepAssociation link in _links.Values)
            {
                if (link.Connection.NextDeadline is { } own && own < next) next = own;
            }
            return next == TimeSpan.MaxValue ? null : next;
        }
    }

    public ReadOnlySpan<byte> PendingOutput(int link) => _links.TryGetValue(link, out PepAssociation? peer) ? peer.Connection.Output.Pending : default;

    public void ConsumeOutput(int link, int count)
    {
        if (_links.TryGetValue(link, out PepAssociation? peer)) peer.Connection.Output.Consume(count);
    }

    /// <summary>A policy server has connected; the CMTS speaks first.</summary>
    /// <param name="link">The shell's number for the connection, never used before.</param>
    /// <param name="peer">The policy server's address without port.</param>
    public void HandleAccepted(int link, string peer, TimeSpan now, List<LinkCommand> commands)
    {
        _links.Add(link, new PepAssociation(link, peer, _settings.Cops, _random, now));
        Flush(commands);
    }

    public void HandleReceived(int link, ReadOnlySpan<byte> bytes, TimeSpan now, List<LinkCommand> commands)
    {
        if (_links.TryGetValue(link, out PepAssociation? peer))
        {
            CopsInput input;
            while ((input = peer.Connection.Next(ref bytes, now, out CopsMessage message)) != CopsInput.None && input != CopsInput.Closed)
            {
                if (input == CopsInput.Message) HandleDecision(peer, message, now);
            }
            if (input == CopsInput.Closed) EndLink(peer, commands);
        }
        Flush(commands);
    }

    /// <summary>The transport is gone; gates stay.</summary>
    public void HandleClosed(int link)
    {
        if (_links.Remove(link)) _synchs.Remove(link);
    }

    /// <summary>The link's output has been sent: a synchronisation that waited for room goes on.</summary>
    public void HandleWritable(int link, TimeSpan now, List<LinkCommand> commands)
    {
        if (_synchs.ContainsKey(link) && _links.TryGetValue(link, out PepAssociation? peer)) ContinueSynch(peer, now);
        Flush(commands);
    }

    public void HandleDeadline(TimeSpan now, List<LinkCommand> commands)
    {
        while (_exchanges.TryTakeDue(now, out PendingSet pending)) FinishSet(pending, now);
        while (_deadlines.TryTakeDue(now, out Gate due)) HandleGateDeadline((EmulatedGate)due, now);
        foreach (PepAssociation peer in _links.Values.ToArray())
        {
            if (peer.Connection.HandleDeadline(now) == CopsInput.Closed) EndLink(peer, commands);
        }
        Flush(commands);
    }

    /// <summary>Loses all gates, counters and connections, as a reboot does.</summary>
    public void Reboot(List<LinkCommand> commands)
    {
        foreach (int link in _links.Keys) commands.Add(new LinkCommand(LinkAction.Close, link));
        foreach (EmulatedGate gate in _gates.Values) _deadlines.Remove(gate);
        foreach (PendingSet pending in _changing.Values) _exchanges.Remove(pending);
        _links.Clear();
        _gates.Clear();
        _modems.Clear();
        _changing.Clear();
        _knownPsids.Clear();
        _synchs.Clear();
        _unconfirmed.Clear();
        _sharedResources.Clear();
        Array.Clear(_reserved);
        Array.Clear(_perPriority);
        _sids = 0;
        _hasLostReports = false;
    }

    /// <summary>Says good-bye on every connection; gates stay.</summary>
    public void ShutDown(List<LinkCommand> commands)
    {
        foreach (PepAssociation peer in _links.Values.ToArray())
        {
            if (peer.Connection.ShutDown() == CopsInput.Closed) EndLink(peer, commands);
        }
        Flush(commands);
    }

    /// <summary>Gates, modems and load at this moment; at most <paramref name="most"/> gates.</summary>
    public CmtsSnapshot Snapshot(TimeSpan now, int most = int.MaxValue) => new(
        [.. _gates.Values.Take(most).Select(g => new CmtsGateView(
            g.Id, g.Owner, g.Subscriber, g.Spec.Direction, g.State, g.ServiceFlow, g.Scheduling, g.Reserved, g.UsageKilobytes, g.CommittedSeconds(now),
            g.Classifiers.Count, g.Spec.SessionClass.Value, g.Opaque ?? 0))],
        [.. _modems.Values.Where(m => m.Gates.Count > 0 || !m.IsOnline).Take(most).Select(m => new CmtsModemView(m.Address, m.IsOnline, m.Gates.Count, m.Sids))],
        _reserved[(int)GateDirection.Upstream], _settings.CapacityUp, _reserved[(int)GateDirection.Downstream], _settings.CapacityDown,
        _links.Values.Count(l => l.Connection.IsOpen), _gates.Count);

    /// <summary>Commands of a link that wait for a modem; at the limit the shell stops reading from it.</summary>
    public bool IsCongested(int link) => _changing.Count >= _settings.MaxOutstanding && _changing.Values.Count(p => p.Link == link) >= _settings.MaxOutstanding;

    private void EndLink(PepAssociation peer, List<LinkCommand> commands)
    {
        if (peer.Connection.CloseReason == CopsCloseReason.BadFrame) Counters.BadFrames++;
        _synchs.Remove(peer.Link);
        commands.Add(new LinkCommand(LinkAction.Close, peer.Link)); // The shell sends the rest, closes, and says so.
    }

    private void Flush(List<LinkCommand> commands)
    {
        foreach (PepAssociation peer in _links.Values)
        {
            if (!peer.Connection.Output.IsEmpty) commands.Add(new LinkCommand(LinkAction.Send, peer.Link));
        }
    }

    private void HandleDecision(PepAssociation peer, in CopsMessage message, TimeSpan now)
    {
        CopsConnection connection = peer.Connection;
        if (!PcmmMessage.TryRead(message.Payload, connection.Version.Layout, out PcmmMessage command))
        {
            connection.Refuse(CopsErrorCode.BadMessageFormat);
            return;
        }
        if (!command.HasTransaction) return; // Without a number nobody could match an answer.
        if (!PcmmGrammar.IsCommand(command.Command) || (connection.Version.Major == 1 && command.Command > GateCommand.GateCmdErr))
        {
            PepReports.RefuseCommand(connection, command, new PcmmError(PcmmErrorCode.UnknownGateCommand, (ushort)command.Command));
            return;
        }
        if (message.DecisionCommand != 1)
        {
            PepReports.Refuse(connection, command, new PcmmError(PcmmErrorCode.Other));
            return;
        }
        bool isFirst = !peer.HasCommand;
        peer.HasCommand = true;
        PcmmError error = PcmmGrammar.Check(command, southbound: true);
        if (error.IsNone && command.TryGetPsid(out Psid psid) && command.Command != GateCommand.PdpConfig && psid != peer.Psid) error = new PcmmError(PcmmErrorCode.UnauthorizedPsid);
        if (error.IsNone)
        {
            error = command.Command switch
            {
                GateCommand.GateSet => HandleGateSet(peer, command, now),
                GateCommand.GateInfo => HandleGateInfo(peer, command, now),
                GateCommand.GateDelete => HandleGateDelete(peer, command, now),
                GateCommand.PdpConfig => HandleConfiguration(peer, command, isFirst),
                GateCommand.SynchRequest => HandleSynchRequest(peer, command, now),
                _ => HandleReceipt(peer, command),
            };
        }
        if (error.IsNone || command.Command == GateCommand.MsgReceipt) return;
        Counters.Refused++;
        PepReports.Refuse(connection, command, error);
    }

    private PcmmError HandleConfiguration(PepAssociation peer, in PcmmMessage command, bool isFirst)
    {
        command.TryGetPsid(out Psid psid);
        if (!isFirst || peer.IsConfigured || (_settings.AllowedPsids.Count > 0 && !_settings.AllowedPsids.Contains(psid))) return new PcmmError(PcmmErrorCode.UnauthorizedPsid);
        peer.HadState = !_knownPsids.Add(psid.Value);
        peer.Configure(psid);
        PepReports.AcceptConfiguration(peer.Connection, command.Transaction);
        return default;
    }

    private PcmmError HandleGateInfo(PepAssociation peer, in PcmmMessage command, TimeSpan now)
    {
        PcmmError error = Find(command, out EmulatedGate? gate);
        if (!error.IsNone) return error;
        CopsWriter writer = peer.Connection.BeginReport(CopsReportType.Success);
        writer.AddTransaction(command.Transaction, GateCommand.GateInfoAck);
        AddGate(ref writer, gate!, gate!.State, GateReason.Other, isComplete: true, peer.Connection.Version.Layout, now);
        if (command.TryGetPsid(out Psid psid)) writer.AddPsid(psid);
        peer.Connection.Commit(ref writer);
        return default;
    }

    private PcmmError HandleGateDelete(PepAssociation peer, in PcmmMessage command, TimeSpan now)
    {
        PcmmError error = Find(command, out EmulatedGate? gate);
        if (!error.IsNone) return error;
        Counters.GateDeletes++;
        CopsWriter writer = peer.Connection.BeginReport(CopsReportType.Success, 128);
        writer.AddTransaction(command.Transaction, GateCommand.GateDeleteAck);
        writer.AddAmid(gate!.Owner);
        writer.AddGateId(gate.Id);
        if (gate.Opaque is { } opaque) writer.AddOpaque(opaque);
        if (command.TryGetPsid(out Psid psid)) writer.AddPsid(psid);
        gate.Close(GateReason.Other, now);
        RemoveGate(gate);
        peer.Connection.Commit(ref writer);
        return default;
    }

    /// <summary>The gate a command names, if the one who asks is the one who set it.</summary>
    private PcmmError Find(in PcmmMessage command, out EmulatedGate? gate)
    {
        command.TryGetGateId(out GateId id);
        command.TryGetAmid(out Amid amid);
        command.TryGetSubscriber(out SubscriberId subscriber);
        if (!_gates.TryGetValue(id.Value, out gate)) return new PcmmError(PcmmErrorCode.UnknownGateId);
        if (gate.Owner != amid) return new PcmmError(PcmmErrorCode.UnauthorizedAmid);
        return gate.Subscriber != subscriber ? new PcmmError(PcmmErrorCode.InvalidSubscriberId) : default;
    }

    /// <summary>The objects that describe a gate in answers, reports and synchronisation.</summary>
    private static void AddGate(ref CopsWriter writer, EmulatedGate gate, GateState state, GateReason reason, bool isComplete, PcmmLayout layout, TimeSpan now)
    {
        writer.AddAmid(gate.Owner);
        writer.AddSubscriber(gate.Subscriber);
        writer.AddGateId(gate.Id);
        if (isComplete)
        {
            if (gate.Events is { } events) writer.AddEventGenerationInfo(events);
            writer.AddGateSpec(gate.Spec);
            writer.AddProfile(gate.Profile, layout);
            foreach (Classifier classifier in gate.Classifiers) writer.AddClassifier(classifier with { Action = classifier.Kind == ClassifierKind.Legacy ? 0 : ClassifierAction.NoChange });
            if (gate.VolumeLimit > 0) writer.AddVolumeLimit(gate.VolumeLimit);
            if (gate.TimeLimit > 0) writer.AddTimeLimit(gate.TimeLimit);
        }
        writer.AddState(state, reason);
        writer.AddGateTime(gate.CommittedSeconds(now));
        writer.AddGateUsage(gate.UsageKilobytes);
        if (gate.Opaque is { } opaque) writer.AddOpaque(opaque);
        if (gate.UserId is { } user && isComplete) writer.AddBytes((byte)PcmmObject.UserId, 1, user);
        if (gate.SharedResource is { } shared) writer.AddSharedResource(shared);
    }

    /// <summary>Takes a gate out of every table and gives back what it held.</summary>
    private void RemoveGate(EmulatedGate gate)
    {
        _gates.Remove(gate.Id.Value);
        gate.Modem.Gates.Remove(gate);
        _deadlines.Remove(gate);
        _perPriority[gate.Spec.SessionClass.Priority]--;
        if (_changing.TryGetValue(gate, out PendingSet? pending)) pending.IsCancelled = true;
        ReleaseFlow(gate);
        if (gate.SharedResource is { } shared && !_gates.Values.Any(g => g.SharedResource == shared)) _sharedResources.Remove(gate.Classifiers[0].Destination);
    }

    private void ReleaseFlow(EmulatedGate gate)
    {
        if (gate.ServiceFlow != 0) Counters.DsdExchanges++;
        gate.ServiceFlow = 0;
        SetReserved(gate, 0);
        if (!gate.HoldsSid) return;
        gate.HoldsSid = false;
        gate.Modem.Sids--;
        _sids--;
    }

    private void SetReserved(EmulatedGate gate, double rate)
    {
        ref double total = ref _reserved[(int)gate.Spec.Direction];
        total += rate - gate.Reserved;
        if (total < 0.5) total = 0; // Sums of doubles do not come back to exactly nothing.
        gate.Reserved = rate;
    }

    private uint RandomNumber()
    {
        Span<byte> bytes = stackalloc byte[4];
        _random.GetBytes(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }
}
