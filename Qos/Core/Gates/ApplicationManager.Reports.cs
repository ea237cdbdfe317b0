using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <content>What the policy server answers and reports, and how journal and CMTS are made to agree.</content>
public sealed partial class ApplicationManager
{
    private void HandleOpened(TimeSpan now, List<ManagerCommand> commands)
    {
        _link.HandleOpened();
        Counters.Connections++;
        CopsConnection connection = _link.Connection!;
        CopsWriter writer = connection.BeginDecision(1024);
        writer.AddTransaction(_link.Add(new Operation(OperationKind.Configure, null), now), GateCommand.PdpConfig);
        foreach (ushort type in Types()) writer.AddAmid(new Amid(type, _settings.Tag));
        connection.Commit(ref writer);
        _peerSynchronises = true;
        _isSecondSynchDone = false;
        _isIncrementDue = _synchronisedServer == _server; // Another server has kept nothing for us.
        foreach (ManagedGate gate in _gates.Values)
        {
            if (gate.Phase is ManagedPhase.Wanted or ManagedPhase.Deleting || (gate.Phase == ManagedPhase.Active && gate.Request != gate.Confirmed)) Enqueue(gate);
        }
        Pump(now, commands);
    }

    private void HandleReport(in PcmmMessage report, TimeSpan now, List<ManagerCommand> commands)
    {
        switch (report.Command)
        {
            case GateCommand.GateSetAck: HandleSetAck(report, now, commands); break;
            case GateCommand.GateSetErr: HandleSetErr(report, now, commands); break;
            case GateCommand.GateDeleteAck or GateCommand.GateDeleteErr: HandleDeleteAnswer(report, now, commands); break;
            case GateCommand.GateReportState: HandleState(report, now, commands); break;
            case GateCommand.PdpConfigAck or GateCommand.PdpConfigErr:
                if (TakeOf(OperationKind.Configure, report)) _synchAt = now;
                break;
            case GateCommand.SynchReport: HandleSynchReport(report, now, commands); break;
            case GateCommand.SynchComplete: HandleSynchComplete(report, now, commands); break;
            case GateCommand.GateInfoAck or GateCommand.GateInfoErr: HandleQueryAnswer(report, now, commands); break;
            case GateCommand.GateCmdErr: HandleCommandRefused(report, now); break;
        }
        if (report.TryGetReceiptKey(out uint key) && _link.IsOpen) SendReceipt(key);
    }

    private void HandleSetAck(in PcmmMessage report, TimeSpan now, List<ManagerCommand> commands)
    {
        if (!report.TryGetGateId(out GateId id)) return;
        if (!_link.TryTake(report.Transaction, out Operation operation) || operation.Gate is not { } gate)
        {
            // Late: its wait was given up. The opaque data still says whose it is.
            bool isOurs = report.TryGetOpaque(out ulong opaque) & _gates.TryGetValue(opaque, out gate!);
            if (!isOurs || gate.Phase != ManagedPhase.Setting || (gate.Id.Value != 0 && gate.Id != id))
            {
                if (report.TryGetAmid(out Amid amid) && report.TryGetSubscriber(out SubscriberId subscriber)) DeleteOrphan(amid, subscriber, id);
                return;
            }
        }
        if (!_gates.ContainsKey(gate.Handle.Value)) return;
        gate.SeenIn = _synchSerial;
        Activate(gate, id, now, commands);
        Counters.Acknowledged++;
        if (gate.IsReleased) return;
        gate.State = StateOf(gate.Sent!.Profile.Envelopes);
        gate.OutcomeAt = null;
        Schedule(gate);
        commands.Add(new ManagerCommand.Notify(Event(gate, GateEventKind.Set)));
        if (gate.Request != gate.Confirmed) Enqueue(gate);
    }

    /// <summary>The CMTS has the gate under this number: notes it durably, or deletes it when nobody wants it any more.</summary>
    private void Activate(ManagedGate gate, GateId id, TimeSpan now, List<ManagerCommand> commands)
    {
        bool isNew = gate.Id != id;
        if (isNew)
        {
            Unlink(gate);
            gate.Id = id;
            _byId[(gate.Request.Subscriber, id)] = gate;
            if (gate.Entry is { } entry) commands.Add(new ManagerCommand.Write(gate.Entry = entry with { Gate = id }));
        }
        gate.Confirmed = gate.Sent;
        gate.IsUnsure = false;
        if (gate.Confirmed!.Profile.Envelopes == ResourceEnvelopes.Commit) gate.FirstCommitted ??= now;
        gate.TimeLimitAt = !IgnoresTimeLimits && gate.Confirmed.TimeLimitSeconds is > 0 and var seconds && gate.FirstCommitted is { } first ? first + TimeSpan.FromSeconds(seconds) : null;
        if (gate.IsReleased)
        {
            gate.TimeLimitAt = null;
            gate.Phase = ManagedPhase.Deleting;
            Enqueue(gate);
        }
        else
        {
            gate.Phase = ManagedPhase.Active;
        }
        Schedule(gate);
    }

    private void HandleSetErr(in PcmmMessage report, TimeSpan now, List<ManagerCommand> commands)
    {
        if (!_link.TryTake(report.Transaction, out Operation operation) || operation.Gate is not { } gate || !_gates.ContainsKey(gate.Handle.Value)) return;
        report.TryGetError(out PcmmError error);
        Counters.Refused++;
        bool isTransport = error.Code == PcmmErrorCode.TransportError;
        bool isLost = gate.Id.Value != 0 && error.Code == PcmmErrorCode.UnknownGateId;
        if (gate.Id.Value != 0 && error.Code != PcmmErrorCode.UnknownGateId)
        {
            // A refused modification leaves the gate as it was.
            gate.Phase = gate.IsReleased ? ManagedPhase.Deleting : ManagedPhase.Active;
            gate.Sent = gate.Confirmed;
            if (!isTransport) gate.Request = gate.Confirmed ?? gate.Request;
            if (gate.IsReleased) Enqueue(gate);
            else if (isTransport) gate.RetryAt = now + RetryDelay;
        }
        else if (gate.IsReleased || (gate.Id.Value == 0 && !isTransport))
        {
            Remove(gate, commands);
        }
        else
        {
            // Gone at the CMTS, or the way to it is broken: it stays wanted.
            commands.Add(new ManagerCommand.Remove(gate.Handle));
            Unlink(gate);
            gate.Phase = ManagedPhase.Wanted;
            gate.Sent = gate.Confirmed = null;
            gate.State = GateState.Closed;
            if (isTransport) gate.RetryAt = now + RetryDelay;
            else Enqueue(gate);
        }
        gate.OutcomeAt = null;
        if (_gates.ContainsKey(gate.Handle.Value)) Schedule(gate);
        GateEventKind kind = gate.IsReleased ? GateEventKind.Released : isTransport ? GateEventKind.Unavailable : isLost ? GateEventKind.Lost : GateEventKind.Refused;
        if (!gate.IsReleased || gate.Phase != ManagedPhase.Deleting) commands.Add(new ManagerCommand.Notify(Event(gate, kind) with { Error = error }));
    }

    private void HandleDeleteAnswer(in PcmmMessage report, TimeSpan now, List<ManagerCommand> commands)
    {
        if (!_link.TryTake(report.Transaction, out Operation operation) || operation.Gate is not { } gate || !_gates.ContainsKey(gate.Handle.Value)) return;
        bool refused = report.TryGetError(out PcmmError error) && report.Command == GateCommand.GateDeleteErr;
        if (refused && error.Code != PcmmErrorCode.UnknownGateId)
        {
            gate.RetryAt = now + RetryDelay;
            Schedule(gate);
            return;
        }
        FinishRelease(gate, commands);
    }

    private void FinishRelease(ManagedGate gate, List<ManagerCommand> commands)
    {
        Remove(gate, commands);
        gate.State = GateState.Closed;
        commands.Add(new ManagerCommand.Notify(Event(gate, GateEventKind.Released)));
    }

    private void HandleState(in PcmmMessage report, TimeSpan now, List<ManagerCommand> commands)
    {
        if (!report.TryGetState(out GateState state, out GateReason reason) || !TryFind(report, out ManagedGate? gate))
        {
            if (state is not (0 or GateState.Closed)) DeleteOrphan(report);
            return;
        }
        Counters.Reports++;
        if (state == GateState.Closed && gate.Id.Value == 0 && report.TryGetGateId(out GateId late) && late == gate.FormerId) return;
        report.TryGetGateTime(out uint seconds);
        report.TryGetGateUsage(out ulong kilobytes);
        if (gate.Phase == ManagedPhase.Setting && gate.Id.Value == 0 && report.TryGetGateId(out GateId id)) Activate(gate, id, now, commands);
        gate.State = state;
        GateEvent happened = Event(gate, state == GateState.Closed ? GateEventKind.Closed : GateEventKind.Reported) with
        {
            Reason = reason, CommittedSeconds = seconds, UsageKilobytes = kilobytes,
        };
        if (state != GateState.Closed)
        {
            if (!gate.IsReleased) commands.Add(new ManagerCommand.Notify(happened));
            return;
        }
        if (reason == GateReason.Other && !gate.IsReleased && gate.Phase == ManagedPhase.Active)
        {
            HandleUnseen(gate, commands); // The CMTS forgot it; the session still wants it.
            return;
        }
        Remove(gate, commands);
        commands.Add(new ManagerCommand.Notify(gate.IsReleased ? Event(gate, GateEventKind.Released) : happened));
    }

    /// <summary>By our own handle when the report has opaque data, else by subscriber and number.</summary>
    private bool TryFind(in PcmmMessage report, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ManagedGate? gate)
    {
        gate = null;
        if (!report.TryGetGateId(out GateId id) || !report.TryGetSubscriber(out SubscriberId subscriber)) return false;
        if (report.TryGetOpaque(out ulong opaque) && _gates.TryGetValue(opaque, out gate))
        {
            if (gate.Request.Subscriber == subscriber && (gate.Id == id || (gate.Id.Value == 0 && gate.Phase == ManagedPhase.Setting))) return true;
            gate = null;
        }
        return _byId.TryGetValue((subscriber, id), out gate);
    }

    private void BeginSynch(TimeSpan now)
    {
        _synchAt = TimeSpan.MaxValue;
        _synchAmid = 0;
        if (_isIncrementDue && _peerSynchronises)
        {
            SendSynch(OperationKind.Increment, now);
            return;
        }
        _synchSerial++;
        if (_peerSynchronises) SendSynch(OperationKind.Synch, now);
        else QueryAll(now);
    }

    private void SendSynch(OperationKind kind, TimeSpan now)
    {
        CopsConnection connection = _link.Connection!;
        CopsWriter writer = connection.BeginDecision(128);
        writer.AddTransaction(_link.Add(new Operation(kind, null), now, isEndless: true), GateCommand.SynchRequest);
        writer.AddAmid(new Amid(Types()[_synchAmid], _settings.Tag));
        writer.AddSynchOptions(new SynchOptions(IsComplete: false, IsIncremental: kind == OperationKind.Increment));
        connection.Commit(ref writer);
    }

    private void HandleSynchReport(in PcmmMessage report, TimeSpan now, List<ManagerCommand> commands)
    {
        if (_link.TryPeek(report.Transaction, out Operation operation) && operation.Kind == OperationKind.Increment)
        {
            HandleState(report, now, commands); // A report that did not reach us when it happened.
            return;
        }
        if (!report.TryGetGateId(out GateId id) || !report.TryGetState(out GateState state, out GateReason reason)) return;
        if (!TryFind(report, out ManagedGate? gate))
        {
            if (state != GateState.Closed) DeleteOrphan(report);
            return;
        }
        gate.SeenIn = _synchSerial;
        if (gate.Phase == ManagedPhase.Setting && gate.IsUnsure)
        {
            bool isChange = gate.Confirmed is not null && gate.Id == id; // Whether a change arrived cannot be told: it is sent again.
            GateRequest? before = gate.Confirmed;
            Activate(gate, id, now, commands);
            if (isChange) gate.Confirmed = before;
            if (gate.IsReleased) return;
            gate.State = state;
            if (isChange && gate.Request != gate.Confirmed) Enqueue(gate);
            else commands.Add(new ManagerCommand.Notify(Event(gate, GateEventKind.Set)));
        }
        else if (gate.State != state && gate.Phase == ManagedPhase.Active)
        {
            bool isNews = gate.State != GateState.Closed; // Not for a gate just recovered from the journal.
            gate.State = state;
            if (isNews) commands.Add(new ManagerCommand.Notify(Event(gate, GateEventKind.Reported) with { Reason = reason }));
        }
    }

    private void HandleSynchComplete(in PcmmMessage report, TimeSpan now, List<ManagerCommand> commands)
    {
        if (TakeOf(OperationKind.Increment, report))
        {
            // Complete or not, a full one follows: only it finds commands that were on their way when the connection broke.
            if (++_synchAmid < Types().Count)
            {
                SendSynch(OperationKind.Increment, now);
                return;
            }
            _isIncrementDue = false;
            BeginSynch(now);
            return;
        }
        if (!TakeOf(OperationKind.Synch, report)) return;
        if (report.TryGetError(out _))
        {
            // Incomplete: nothing may be concluded about gates that were not named.
            Counters.SynchFailures++;
            _synchAmid = -1;
            _synchAt = now + SynchRetry;
            return;
        }
        if (++_synchAmid < Types().Count)
        {
            SendSynch(OperationKind.Synch, now);
            return;
        }
        _synchAmid = -1;
        _synchronisedServer = _server;
        Counters.Synchronisations++;
        // After the first one, soon: a command of the previous connection may still have been on its way to the CMTS.
        _synchAt = now + (_isSecondSynchDone ? _settings.SynchInterval : SecondSynch);
        _isSecondSynchDone = true;
        foreach (ManagedGate gate in _gates.Values.ToArray())
        {
            if (gate.SeenIn != _synchSerial) HandleUnseen(gate, commands);
        }
        Pump(now, commands);
    }

    /// <summary>A gate that a complete synchronisation did not name does not exist.</summary>
    private void HandleUnseen(ManagedGate gate, List<ManagerCommand> commands)
    {
        bool isKnown = gate.Phase is ManagedPhase.Active or ManagedPhase.Deleting || (gate.Phase == ManagedPhase.Setting && gate.IsUnsure);
        if (!isKnown) return;
        if (gate.IsReleased)
        {
            FinishRelease(gate, commands);
            return;
        }
        Counters.Lost++;
        bool existed = gate.Id.Value != 0;
        commands.Add(new ManagerCommand.Remove(gate.Handle));
        Unlink(gate);
        gate.Phase = ManagedPhase.Wanted;
        gate.Sent = gate.Confirmed = null;
        gate.IsUnsure = false;
        gate.State = GateState.Closed;
        if (existed) commands.Add(new ManagerCommand.Notify(Event(gate, GateEventKind.Lost)));
        if (gate.OrphanAt is null) Enqueue(gate);
        else Remove(gate, commands);
    }

    /// <summary>A peer without synchronisation (version 1) is asked gate by gate.</summary>
    private void QueryAll(TimeSpan now)
    {
        CopsConnection connection = _link.Connection!;
        foreach (ManagedGate gate in _gates.Values)
        {
            if (gate.Phase != ManagedPhase.Active || !connection.IsOpen) continue;
            CopsWriter writer = connection.BeginDecision(256);
            writer.AddTransaction(_link.Add(new Operation(OperationKind.Query, gate), now), GateCommand.GateInfo);
            GateCommands.AddGateReference(ref writer, AmidOf(gate.Request), gate.Request.Subscriber, gate.Id);
            connection.Commit(ref writer);
        }
    }

    private void HandleQueryAnswer(in PcmmMessage report, TimeSpan now, List<ManagerCommand> commands)
    {
        if (!_link.TryTake(report.Transaction, out Operation operation) || operation.Gate is not { } gate || !_gates.ContainsKey(gate.Handle.Value)) return;
        if (report.Command == GateCommand.GateInfoAck) gate.SeenIn = _synchSerial;
        else if (report.TryGetError(out PcmmError error) && error.Code == PcmmErrorCode.UnknownGateId) HandleUnseen(gate, commands);
        Pump(now, commands);
    }

    private void HandleCommandRefused(in PcmmMessage report, TimeSpan now)
    {
        if (!_link.TryTake(report.Transaction, out Operation operation)) return;
        if (operation.Kind != OperationKind.Configure) return;
        _peerSynchronises = false;
        _synchAt = now;
    }

    /// <summary>No answer in time: what became of a Gate-Set is asked by synchronisation, a Gate-Delete is sent again.</summary>
    private void HandleLate(Operation late, TimeSpan now)
    {
        Counters.TimedOut++;
        switch (late.Kind)
        {
            case OperationKind.Set:
                late.Gate!.IsUnsure = true;
                _synchAt = _synchAt < now ? _synchAt : now;
                break;
            case OperationKind.Delete:
                late.Gate!.RetryAt = now;
                if (_gates.ContainsKey(late.Gate.Handle.Value)) Schedule(late.Gate);
                break;
            case OperationKind.Configure or OperationKind.DeleteOrphan:
                _synchAmid = -1;
                _synchAt = now + SynchRetry;
                break;
        }
    }

    private void DeleteOrphan(in PcmmMessage report)
    {
        if (report.TryGetAmid(out Amid amid) && report.TryGetSubscriber(out SubscriberId subscriber) && report.TryGetGateId(out GateId id)) DeleteOrphan(amid, subscriber, id);
    }

    private void DeleteOrphan(Amid amid, SubscriberId subscriber, GateId id)
    {
        if (amid.ApplicationManagerTag != _settings.Tag) return;
        Counters.OrphansDeleted++;
        _orphans.Enqueue((amid, subscriber, id));
    }

    private void SendReceipt(uint key)
    {
        CopsConnection connection = _link.Connection!;
        CopsWriter writer = connection.BeginDecision(128);
        writer.AddTransaction(0, GateCommand.MsgReceipt);
        writer.AddReceiptKey(key);
        connection.Commit(ref writer);
    }

    private bool TakeOf(OperationKind kind, in PcmmMessage report) =>
        _link.TryPeek(report.Transaction, out Operation operation) && operation.Kind == kind && _link.TryTake(report.Transaction, out _);

    private IReadOnlyList<ushort> Types() => _settings.ApplicationTypes;

    private static GateState StateOf(ResourceEnvelopes envelopes) => envelopes switch
    {
        ResourceEnvelopes.Authorize => GateState.Authorized,
        ResourceEnvelopes.Reserve => GateState.Reserved,
        _ => GateState.Committed,
    };

    private void CloseConnection(TimeSpan now, List<ManagerCommand> commands)
    {
        commands.Add(new ManagerCommand.Close());
        EndConnection(now, commands);
    }

    private void EndConnection(TimeSpan now, List<ManagerCommand> commands)
    {
        _closing = _link.Connection;
        _link.Drop();
        _synchAt = TimeSpan.MaxValue;
        _synchAmid = -1;
        while (_link.TryTakeAny(out Operation operation))
        {
            if (operation.Gate is { Phase: ManagedPhase.Setting } gate) gate.IsUnsure = true;
        }
        NextServer();
        _link.DialLater(now);
        Pump(now, commands);
    }
}
