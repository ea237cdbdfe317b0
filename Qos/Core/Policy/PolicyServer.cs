using System.Security.Cryptography;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <summary>
/// A policy server as a pure engine: application managers connect from the north, it connects to CMTSs in the south. It applies the
/// rules, routes by subscriber, keeps its own transaction numbers southbound, and never names a CMTS northbound.
/// </summary>
/// <remarks>Northbound links have the shell's numbers, 0 and above. The link to the CMTS in place i of the list has the number -1 - i.</remarks>
public sealed partial class PolicyServer
{
    private readonly PolicyServerSettings _settings;
    private readonly RandomNumberGenerator _random;
    private readonly Dictionary<int, PepAssociation> _north = [];
    private readonly CmtsLink[] _south;
    private readonly DeadlineHeap<DecidedGate> _deadlines = new();
    private readonly Dictionary<uint, string> _amidOwners = [];
    private readonly int[] _perPriority = new int[8];
    private readonly (SubscriberPrefix Subscribers, int Cmts)[] _routes;
    private PolicyRules _rules;
    private TimeSpan _wallClockAt;
    private DateTimeOffset _wallClock;
    private uint _lastReceiptKey;

    private enum OperationKind : byte { Set, Other, Synch, Configure, OwnSynch, OwnIncrement, OwnDelete }

    /// <summary>A southbound command that waits for its answer.</summary>
    private readonly record struct Operation(OperationKind Kind, int North, ushort Transaction, GateCommand Command, DecidedGate? Gate, SynchMerge? Merge, Change? Change, int MergeSerial = 0);

    /// <summary>What a modification does to a gate's record when it is acknowledged.</summary>
    private sealed record Change(GateSpec Asked, GateSpec Sent, double Rate, uint? TimeLimit, ulong? Opaque);

    /// <summary>One connection to a CMTS and the gates behind it.</summary>
    private sealed class CmtsLink(PdpAssociation<Operation> association)
    {
        public PdpAssociation<Operation> Association { get; } = association;

        public Dictionary<uint, DecidedGate> Gates { get; } = [];

        public int GateCount { get; set; }

        public double[] Rate { get; } = new double[2];

        /// <summary>Number of the running or last synchronisation; 0 = none since the start.</summary>
        public int SynchSerial { get; set; }

        /// <summary>Number of the last synchronisation that an application manager asked for.</summary>
        public int MergeSerial { get; set; }

        public bool IsSynchronised { get; set; }

        /// <summary>When a synchronisation that failed is tried again.</summary>
        public TimeSpan SynchAt { get; set; } = TimeSpan.MaxValue;

        public CopsConnection? Closing { get; set; }
    }

    /// <summary>One Synch-Request of an application manager over several CMTSs.</summary>
    private sealed class SynchMerge(int north, ushort transaction, Amid amid)
    {
        /// <summary>All gates of the AMID, so that what is not named is not there.</summary>
        public bool IsExhaustive { get; init; }

        /// <summary>The application manager wants whole gates; otherwise what this server asked for itself stays here.</summary>
        public bool IsComplete { get; init; }

        public int North { get; } = north;

        public ushort Transaction { get; } = transaction;

        public Amid Amid { get; } = amid;

        public int Remaining { get; set; }

        public PcmmError Error { get; set; }
    }

    public PolicyServer(PolicyServerSettings settings, PolicyRules rules, RandomNumberGenerator random)
    {
        _settings = settings;
        _rules = rules;
        _random = random;
        _routes = [.. settings.Routes.OrderByDescending(r => r.Subscribers.Length)];
        _south = [.. Enumerable.Range(0, settings.CmtsCount).Select(i => new CmtsLink(new PdpAssociation<Operation>(
            settings.South with { ExpectedName = settings.CmtsNames.ElementAtOrDefault(i) }, settings.AnswerTimeout, random)))];
    }

    public PolicyCounters Counters { get; } = new();

    public int GateCount => _south.Sum(s => s.Gates.Count);

    public int ApplicationManagers => _north.Values.Count(n => n.Connection.IsOpen);

    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan next = _deadlines.NextDeadline ?? TimeSpan.MaxValue;
            if (_idle.NextDeadline is { } idle && idle < next) next = idle;
            foreach (PepAssociation peer in _north.Values)
            {
                if (peer.Connection.NextDeadline is { } own && own < next) next = own;
            }
            foreach (CmtsLink link in _south)
            {
                if (link.Association.NextDeadline is { } own && own < next) next = own;
                if (link.SynchAt < next) next = link.SynchAt;
            }
            return next == TimeSpan.MaxValue ? null : next;
        }
    }

    /// <summary>Whether the CMTS in this place answers.</summary>
    public bool IsCmtsOpen(int cmts) => _south[cmts].Association.IsOpen;

    /// <summary>Gates that this server knows: CMTS, number, owner, subscriber, state, and the correlation identifier when there is one.</summary>
    public IEnumerable<(int Cmts, GateId Gate, Amid Owner, SubscriberId Subscriber, GateState State, BillingCorrelationId? Bcid)> Snapshot() =>
        _south.SelectMany(s => s.Gates.Values).Select(g => (g.Cmts, g.Id, g.Owner, g.Subscriber, g.State, g.Events?.Bcid));

    public ReadOnlySpan<byte> PendingOutput(int link) => FindOutput(link) is { } output ? output.Pending : default;

    public void ConsumeOutput(int link, int count) => FindOutput(link)?.Consume(count);

    /// <summary>An application manager may have only so many commands waiting; at the limit the shell stops reading from it.</summary>
    public bool IsCongested(int link) => link >= 0 && _north.TryGetValue(link, out PepAssociation? peer) && peer.Outstanding >= _settings.MaxOutstanding;

    public void Start(TimeSpan now, List<LinkCommand> commands)
    {
        foreach (CmtsLink link in _south) link.Association.DialNow(now);
        HandleDeadline(now, commands);
    }

    /// <summary>Changed rules hold for requests from now on; gates that live are left alone.</summary>
    public void HandleRules(PolicyRules rules) => _rules = rules;

    /// <summary>Local time for rules about the time of day; the shell says it at the start and after every step of the clock.</summary>
    public void HandleWallClock(DateTimeOffset localTime, TimeSpan now)
    {
        _wallClock = localTime;
        _wallClockAt = now;
    }

    public void HandleAccepted(int link, string peer, TimeSpan now, List<LinkCommand> commands)
    {
        _north.Add(link, new PepAssociation(link, peer, _settings.North, _random, now));
        Flush(commands);
    }

    public void HandleConnected(int link, TimeSpan now) => _south[-1 - link].Association.HandleConnected(now);

    public void HandleConnectFailed(int link, TimeSpan now) => _south[-1 - link].Association.HandleConnectFailed(now);

    /// <summary>The transport is gone. Gates stay; an application manager's answers are dropped, a CMTS's pending commands become error 18.</summary>
    public void HandleClosed(int link, TimeSpan now, List<LinkCommand> commands)
    {
        if (link >= 0)
        {
            _north.Remove(link);
            return;
        }
        CmtsLink south = _south[-1 - link];
        if (south.Association.Connection is null) return;
        south.Association.Connection.HandleTransportLost();
        EndSouth(-1 - link, now);
        Flush(commands);
    }

    public void HandleReceived(int link, ReadOnlySpan<byte> bytes, TimeSpan now, List<LinkCommand> commands)
    {
        if (link >= 0) ReceiveNorth(link, bytes, now, commands);
        else ReceiveSouth(-1 - link, bytes, now, commands);
        Flush(commands);
    }

    public void HandleDeadline(TimeSpan now, List<LinkCommand> commands)
    {
        for (int i = 0; i < _south.Length; i++)
        {
            PdpAssociation<Operation> association = _south[i].Association;
            if (association.TryTakeDial(now)) commands.Add(new LinkCommand(LinkAction.Connect, -1 - i));
            if (association.Connection is { } connection && connection.HandleDeadline(now) == CopsInput.Closed) CloseSouth(i, now, commands);
            if (now >= _south[i].SynchAt)
            {
                _south[i].SynchAt = TimeSpan.MaxValue;
                if (association.IsOpen) BeginOwnSynch(i, now);
            }
            while (association.TryTakeLate(now, out _, out Operation late))
            {
                Counters.TimedOut++;
                Fail(late, new PcmmError(PcmmErrorCode.TransportError));
            }
        }
        while (_deadlines.TryTakeDue(now, out DecidedGate gate)) DeleteOwn(gate, GateReason.ClosedByTimeLimit, now);
        while (_idle.TryTakeDue(now, out SubscriberLoad load)) _subscribers.Remove(load.Subscriber);
        foreach (PepAssociation peer in _north.Values.ToArray())
        {
            if (peer.Connection.HandleDeadline(now) == CopsInput.Closed) commands.Add(new LinkCommand(LinkAction.Close, peer.Link));
        }
        Flush(commands);
    }

    /// <summary>Says good-bye on all connections; gates stay.</summary>
    public void ShutDown(List<LinkCommand> commands)
    {
        foreach (PepAssociation peer in _north.Values) peer.Connection.ShutDown();
        foreach (CmtsLink link in _south)
        {
            link.Association.StopDialling();
            link.Association.Connection?.ShutDown();
        }
        Flush(commands);
        foreach (PepAssociation peer in _north.Values) commands.Add(new LinkCommand(LinkAction.Close, peer.Link));
        for (int i = 0; i < _south.Length; i++)
        {
            if (_south[i].Association.Connection is not null) commands.Add(new LinkCommand(LinkAction.Close, -1 - i));
        }
    }

    private ByteQueue? FindOutput(int link)
    {
        if (link >= 0) return _north.TryGetValue(link, out PepAssociation? peer) ? peer.Connection.Output : null;
        CmtsLink south = _south[-1 - link];
        return (south.Association.Connection ?? south.Closing)?.Output;
    }

    private void Flush(List<LinkCommand> commands)
    {
        foreach (PepAssociation peer in _north.Values)
        {
            if (!peer.Connection.Output.IsEmpty) commands.Add(new LinkCommand(LinkAction.Send, peer.Link));
        }
        for (int i = 0; i < _south.Length; i++)
        {
            if (_south[i].Association.Connection is { } connection && !connection.Output.IsEmpty) commands.Add(new LinkCommand(LinkAction.Send, -1 - i));
        }
    }

    private void CloseSouth(int cmts, TimeSpan now, List<LinkCommand> commands)
    {
        commands.Add(new LinkCommand(LinkAction.Close, -1 - cmts));
        EndSouth(cmts, now);
    }

    /// <summary>Everything that waited for this CMTS fails at once; other CMTSs notice nothing.</summary>
    private void EndSouth(int cmts, TimeSpan now)
    {
        CmtsLink link = _south[cmts];
        link.Closing = link.Association.Connection;
        link.Association.Drop();
        link.IsSynchronised = false;
        link.SynchAt = TimeSpan.MaxValue;
        while (link.Association.TryTakeAny(out Operation operation)) Fail(operation, new PcmmError(PcmmErrorCode.TransportError));
        link.Association.DialLater(now);
    }

    private int RouteOf(SubscriberId subscriber)
    {
        foreach ((SubscriberPrefix range, int cmts) in _routes)
        {
            if (range.Contains(subscriber)) return cmts;
        }
        return -1;
    }

    private TimeOnly TimeOfDay(TimeSpan now) => TimeOnly.FromDateTime((_wallClock + (now - _wallClockAt)).DateTime);

    private void Forget(DecidedGate gate)
    {
        if (!_south[gate.Cmts].Gates.Remove(gate.Id.Value)) return;
        _deadlines.Remove(gate);
        Count(gate, -1);
    }

    /// <summary>Authorised rate of a profile; a class name says nothing.</summary>
    private static double RateOf(in TrafficProfile profile, GateDirection direction) =>
        profile.Type is TrafficProfileType.ServiceClassName or TrafficProfileType.UpstreamDrop
        || DocsisMapping.TryMap(profile, ResourceEnvelopes.Authorized, direction, privacy: true, segmentHeaders: false, out ServiceFlowParameters flow) != PcmmErrorCode.None
            ? 0
            : flow.ReservedRate;
}
