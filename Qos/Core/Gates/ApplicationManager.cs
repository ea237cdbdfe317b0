using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>
/// The application manager as a pure engine: gate requests of sessions in, COPS bytes to one policy server and gate events out. A gate
/// is in the journal before its Gate-Set leaves and until its Gate-Delete-Ack has come, so that journal and CMTS can be made to agree
/// after any loss of connection or restart.
/// </summary>
/// <remarks>
/// The owner calls <see cref="Start"/>, carries out the commands in order (journal first, then <see cref="PendingOutput"/>, then the
/// rest), feeds received bytes to <see cref="HandleReceived"/> and calls <see cref="HandleDeadline"/> at <see cref="NextDeadline"/>.
/// </remarks>
public sealed partial class ApplicationManager
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SynchRetry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SecondSynch = TimeSpan.FromSeconds(20);
    private readonly ApplicationManagerSettings _settings;
    private readonly RandomNumberGenerator _random;
    private readonly PdpAssociation<Operation> _link;
    private readonly Dictionary<ulong, ManagedGate> _gates = [];
    private readonly Dictionary<(SubscriberId, GateId), ManagedGate> _byId = [];
    private readonly Dictionary<string, HashSet<ManagedGate>> _bySession = new(StringComparer.Ordinal);
    private readonly DeadlineHeap<ManagedGate> _deadlines = new();
    private readonly Queue<ManagedGate> _queue = new();
    private readonly Queue<(Amid Amid, SubscriberId Subscriber, GateId Gate)> _orphans = new();
    private int _server;
    private TimeSpan _synchAt = TimeSpan.MaxValue;
    private int _synchSerial;
    private int _synchAmid = -1;
    private bool _peerSynchronises = true;
    private bool _isSecondSynchDone;
    private bool _isIncrementDue;
    private int _synchronisedServer = -1;
    private CopsConnection? _closing;

    private enum OperationKind : byte { Set, Delete, DeleteOrphan, Configure, Synch, Increment, Query }

    private readonly record struct Operation(OperationKind Kind, ManagedGate? Gate);

    /// <param name="settings">Who this application manager is and how patient.</param>
    /// <param name="journal">Entries of earlier runs; their gates are reconciled, announced as recovered, and deleted unless adopted.</param>
    /// <param name="random">Handles, jitter.</param>
    public ApplicationManager(ApplicationManagerSettings settings, IEnumerable<GateJournalEntry> journal, RandomNumberGenerator random)
    {
        _settings = settings;
        _random = random;
        _link = new PdpAssociation<Operation>(settings.Cops, settings.AnswerTimeout, random);
        foreach (GateJournalEntry entry in journal)
        {
            if (!GateJournalReader.TryRead(entry, out ManagedGate gate)) continue;
            Add(gate);
            if (gate.Id.Value != 0) _byId[(gate.Request.Subscriber, gate.Id)] = gate;
            gate.OrphanAt = TimeSpan.MinValue; // Start gives the real time.
        }
    }

    /// <summary>The policy server is connected and takes commands.</summary>
    public bool IsOpen => _link.IsOpen;

    /// <summary>The policy server in use or being dialled, by its place in the list.</summary>
    public int PolicyServer => _server;

    public int GateCount => _gates.Count;

    /// <summary>Leaves time limits to CMTS and policy server; for tests of those.</summary>
    internal bool IgnoresTimeLimits { get; set; }

    public ManagerCounters Counters { get; } = new();

    /// <summary>Bytes for the policy server; after sending call <see cref="ConsumeOutput"/>.</summary>
    public ReadOnlySpan<byte> PendingOutput => (_link.Connection ?? _closing) is { } connection ? connection.Output.Pending : default;

    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan next = _link.NextDeadline ?? TimeSpan.MaxValue;
            if (_deadlines.NextDeadline is { } gate && gate < next) next = gate;
            if (_link.IsOpen && _synchAt < next) next = _synchAt;
            return next == TimeSpan.MaxValue ? null : next;
        }
    }

    public void ConsumeOutput(int count) => (_link.Connection ?? _closing)?.Output.Consume(count);

    /// <summary>Begins: dials the first policy server and gives recovered gates their grace.</summary>
    public void Start(TimeSpan now, List<ManagerCommand> commands)
    {
        _link.DialNow(now);
        foreach (ManagedGate gate in _gates.Values)
        {
            gate.OrphanAt = now + _settings.OrphanGrace;
            Schedule(gate);
            commands.Add(new ManagerCommand.Notify(Event(gate, GateEventKind.Recovered)));
        }
        HandleDeadline(now, commands);
    }

    /// <summary>Asks for gates. Each gets a handle and, by the request deadline at the latest, one event: set, refused or unavailable.</summary>
    public IReadOnlyList<GateHandle> RequestGates(string session, IReadOnlyList<GateRequest> requests, TimeSpan now, List<ManagerCommand> commands)
    {
        var handles = new GateHandle[requests.Count];
        for (int i = 0; i < handles.Length; i++)
        {
            var gate = new ManagedGate(NewHandle(), session, requests[i]) { OutcomeAt = now + _settings.RequestDeadline };
            handles[i] = gate.Handle;
            Add(gate);
            Schedule(gate);
            Enqueue(gate);
        }
        Pump(now, commands);
        return handles;
    }

    /// <summary>Replaces what a gate asks for. Subscriber, direction and profile type stay; anything else is refused.</summary>
    public void ModifyGate(GateHandle handle, GateRequest request, TimeSpan now, List<ManagerCommand> commands)
    {
        if (!_gates.TryGetValue(handle.Value, out ManagedGate? gate) || gate.IsReleased) return;
        GateRequest old = gate.Request;
        if (request.Subscriber != old.Subscriber || request.Spec.Direction != old.Spec.Direction || request.Profile.Type != old.Profile.Type
            || request.ApplicationType != old.ApplicationType)
        {
            commands.Add(new ManagerCommand.Notify(Event(gate, GateEventKind.Refused) with { Error = new PcmmError(PcmmErrorCode.InvalidFieldValue) }));
            return;
        }
        gate.Request = request;
        gate.OutcomeAt = now + _settings.RequestDeadline;
        Schedule(gate);
        if (gate.Phase is ManagedPhase.Wanted or ManagedPhase.Active) Enqueue(gate);
        Pump(now, commands);
    }

    /// <summary>Sets a gate again as it is, which restarts its timers: the answer to silence (reason 5) while the session goes on.</summary>
    public void RefreshGate(GateHandle handle, TimeSpan now, List<ManagerCommand> commands)
    {
        if (!_gates.TryGetValue(handle.Value, out ManagedGate? gate) || gate.IsReleased || gate.Phase != ManagedPhase.Active) return;
        Enqueue(gate);
        Pump(now, commands);
    }

    /// <summary>Lets go of all gates of a session. They are deleted now or, without a policy server, as soon as there is one.</summary>
    public void ReleaseGates(string session, TimeSpan now, List<ManagerCommand> commands)
    {
        if (!_bySession.TryGetValue(session, out HashSet<ManagedGate>? gates)) return;
        foreach (ManagedGate gate in gates.ToArray()) Release(gate, commands);
        Pump(now, commands);
    }

    /// <summary>Lets go of one gate.</summary>
    public void ReleaseGate(GateHandle handle, TimeSpan now, List<ManagerCommand> commands)
    {
        if (!_gates.TryGetValue(handle.Value, out ManagedGate? gate)) return;
        Release(gate, commands);
        Pump(now, commands);
    }

    /// <summary>Takes over the recovered gates of a session, which then stay until released.</summary>
    public void AdoptGates(string session)
    {
        if (!_bySession.TryGetValue(session, out HashSet<ManagedGate>? gates)) return;
        foreach (ManagedGate gate in gates)
        {
            gate.OrphanAt = null;
            Schedule(gate);
        }
    }

    /// <summary>All gates with their session and state, for pages and tests.</summary>
    public IEnumerable<(GateHandle Handle, string Session, GateId Gate, SubscriberId Subscriber, GateState State)> Snapshot() =>
        _gates.Values.Select(g => (g.Handle, g.Session, g.Id, g.Request.Subscriber, g.State));

    /// <summary>
    /// What is left when this engine is given up after a fault: the sessions whose gates its successor, made from the journal, has to
    /// adopt, and an outcome (unavailable) for every request that was still waiting for one.
    /// </summary>
    public (IReadOnlyList<string> Sessions, IReadOnlyList<GateEvent> Outcomes) GiveUp() =>
        ([.. _gates.Values.Where(g => !g.IsReleased && g.OrphanAt is null).Select(g => g.Session).Distinct(StringComparer.Ordinal)],
            [.. _gates.Values.Where(g => g.OutcomeAt is not null).Select(g => Event(g, GateEventKind.Unavailable))]);

    public void HandleConnected(TimeSpan now) => _link.HandleConnected(now, _settings.PolicyServerNames.ElementAtOrDefault(_server));

    public void HandleConnectFailed(TimeSpan now)
    {
        NextServer();
        _link.HandleConnectFailed(now);
    }

    /// <summary>The transport is gone. Gates live on; commands without an answer are settled by synchronisation.</summary>
    public void HandleClosed(TimeSpan now, List<ManagerCommand> commands)
    {
        if (_link.Connection is null) return;
        _link.Connection.HandleTransportLost();
        EndConnection(now, commands);
    }

    public void HandleReceived(ReadOnlySpan<byte> bytes, TimeSpan now, List<ManagerCommand> commands)
    {
        while (_link.Connection is { } connection)
        {
            switch (connection.Next(ref bytes, now, out CopsMessage message))
            {
                case CopsInput.Opened:
                    HandleOpened(now, commands);
                    continue;
                case CopsInput.Message:
                    if (PcmmMessage.TryRead(message.Payload, connection.Version.Layout, out PcmmMessage objects)) HandleReport(objects, now, commands);
                    else connection.Refuse(CopsErrorCode.BadMessageFormat);
                    if (connection.IsClosed) CloseConnection(now, commands);
                    continue;
                case CopsInput.Closed:
                    CloseConnection(now, commands);
                    continue;
                default:
                    Pump(now, commands);
                    return;
            }
        }
    }

    public void HandleDeadline(TimeSpan now, List<ManagerCommand> commands)
    {
        if (_link.TryTakeDial(now)) commands.Add(new ManagerCommand.Connect(_server));
        if (_link.Connection is { } connection && connection.HandleDeadline(now) == CopsInput.Closed) CloseConnection(now, commands);
        while (_link.TryTakeLate(now, out _, out Operation late)) HandleLate(late, now);
        while (_deadlines.TryTakeDue(now, out ManagedGate gate)) HandleGateDeadline(gate, now, commands);
        if (_link.IsOpen && now >= _synchAt) BeginSynch(now);
        Pump(now, commands);
    }

    /// <summary>Ends the connection in order; gates stay as they are.</summary>
    public void ShutDown(List<ManagerCommand> commands)
    {
        _link.StopDialling();
        if (_link.Connection is null) return;
        _link.Connection.ShutDown();
        commands.Add(new ManagerCommand.Close());
    }

    private void HandleGateDeadline(ManagedGate gate, TimeSpan now, List<ManagerCommand> commands)
    {
        if (gate.OutcomeAt <= now)
        {
            gate.OutcomeAt = null;
            Counters.Unavailable++;
            commands.Add(new ManagerCommand.Notify(Event(gate, GateEventKind.Unavailable)));
        }
        if (gate.RetryAt <= now)
        {
            gate.RetryAt = null;
            Enqueue(gate);
        }
        if (gate.TimeLimitAt <= now)
        {
            gate.TimeLimitAt = null;
            commands.Add(new ManagerCommand.Notify(Event(gate, GateEventKind.Reported) with { Reason = GateReason.TimeLimitReached }));
            Release(gate, commands);
        }
        if (gate.OrphanAt <= now)
        {
            gate.OrphanAt = null;
            Counters.OrphansDeleted++;
            Release(gate, commands);
        }
        if (_gates.ContainsKey(gate.Handle.Value)) Schedule(gate);
    }

    private void Release(ManagedGate gate, List<ManagerCommand> commands)
    {
        if (gate.IsReleased) return;
        gate.IsReleased = true;
        gate.OutcomeAt = gate.TimeLimitAt = gate.OrphanAt = null;
        Schedule(gate);
        if (gate.Phase == ManagedPhase.Wanted)
        {
            Remove(gate, commands);
            commands.Add(new ManagerCommand.Notify(Event(gate, GateEventKind.Released)));
        }
        else if (gate.Phase == ManagedPhase.Active)
        {
            gate.Phase = ManagedPhase.Deleting;
            Enqueue(gate);
        }
    }

    private void Enqueue(ManagedGate gate)
    {
        if (gate.IsQueued) return;
        gate.IsQueued = true;
        _queue.Enqueue(gate);
    }

    /// <summary>Sends what waits, as far as the connection and the number of outstanding commands allow.</summary>
    private void Pump(TimeSpan now, List<ManagerCommand> commands)
    {
        while (_link.IsOpen && _link.Outstanding < _settings.MaxOutstanding)
        {
            if (_orphans.TryDequeue(out (Amid Amid, SubscriberId Subscriber, GateId Gate) orphan))
            {
                SendDelete(orphan.Amid, orphan.Subscriber, orphan.Gate, new Operation(OperationKind.DeleteOrphan, null), now);
                continue;
            }
            if (!_queue.TryDequeue(out ManagedGate? gate)) break;
            gate.IsQueued = false;
            if (gate.RetryAt > now || !_gates.ContainsKey(gate.Handle.Value)) continue;
            switch (gate.Phase)
            {
                case ManagedPhase.Wanted or ManagedPhase.Active:
                    SendSet(gate, now, commands);
                    break;
                case ManagedPhase.Deleting:
                    SendDelete(AmidOf(gate.Request), gate.Request.Subscriber, gate.Id, new Operation(OperationKind.Delete, gate), now);
                    break;
            }
        }
        if (_link.Connection is { IsClosed: true }) CloseConnection(now, commands);
    }

    private void SendSet(ManagedGate gate, TimeSpan now, List<ManagerCommand> commands)
    {
        CopsConnection connection = _link.Connection!;
        gate.Phase = ManagedPhase.Setting;
        gate.IsUnsure = false;
        gate.Sent = gate.Request;
        ushort transaction = _link.Add(new Operation(OperationKind.Set, gate), now);
        CopsWriter writer = connection.BeginDecision();
        writer.AddTransaction(transaction, GateCommand.GateSet);
        GateCommands.AddGateSet(ref writer, AmidOf(gate.Request), gate.Id, gate.Request, gate.Confirmed, gate.Handle, connection.Version.Layout);
        Journal(gate, writer.Payload.IsEmpty ? default : writer.Payload[8..], commands);
        connection.Commit(ref writer);
        Counters.GateSets++;
    }

    private void SendDelete(Amid amid, SubscriberId subscriber, GateId id, Operation operation, TimeSpan now)
    {
        CopsConnection connection = _link.Connection!;
        ushort transaction = _link.Add(operation, now);
        CopsWriter writer = connection.BeginDecision(256);
        writer.AddTransaction(transaction, GateCommand.GateDelete);
        GateCommands.AddGateReference(ref writer, amid, subscriber, id);
        connection.Commit(ref writer);
        Counters.GateDeletes++;
    }

    private void Journal(ManagedGate gate, ReadOnlySpan<byte> objects, List<ManagerCommand> commands) =>
        commands.Add(new ManagerCommand.Write(gate.Entry = new GateJournalEntry(gate.Handle, gate.Session, gate.Id, _settings.ElementId, objects.ToArray())));

    private void Add(ManagedGate gate)
    {
        _gates.Add(gate.Handle.Value, gate);
        if (!_bySession.TryGetValue(gate.Session, out HashSet<ManagedGate>? gates)) _bySession.Add(gate.Session, gates = []);
        gates.Add(gate);
    }

    private void Remove(ManagedGate gate, List<ManagerCommand> commands)
    {
        if (!_gates.Remove(gate.Handle.Value)) return;
        _deadlines.Remove(gate);
        Unlink(gate);
        if (_bySession.TryGetValue(gate.Session, out HashSet<ManagedGate>? gates) && gates.Remove(gate) && gates.Count == 0) _bySession.Remove(gate.Session);
        if (gate.Sent is not null) commands.Add(new ManagerCommand.Remove(gate.Handle));
    }

    private void Unlink(ManagedGate gate)
    {
        if (gate.Id.Value != 0 && _byId.TryGetValue((gate.Request.Subscriber, gate.Id), out ManagedGate? known) && known == gate)
        {
            _byId.Remove((gate.Request.Subscriber, gate.Id));
        }
        if (gate.Id.Value != 0) gate.FormerId = gate.Id;
        gate.Id = default;
    }

    private void Schedule(ManagedGate gate) => _deadlines.Set(gate, gate.NextDeadline);

    private static GateEvent Event(ManagedGate gate, GateEventKind kind) => new(gate.Session, gate.Handle, kind) { State = gate.State };

    private Amid AmidOf(GateRequest request) => new(request.ApplicationType, _settings.Tag);

    private GateHandle NewHandle()
    {
        Span<byte> bytes = stackalloc byte[8];
        ulong value;
        do
        {
            _random.GetBytes(bytes);
            value = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        }
        while (value == 0 || _gates.ContainsKey(value));
        return new GateHandle(value);
    }

    private void NextServer()
    {
        _server = (_server + 1) % Math.Max(1, _settings.PolicyServers);
        Debug.Assert(_server >= 0, "a place in the list");
    }
}
