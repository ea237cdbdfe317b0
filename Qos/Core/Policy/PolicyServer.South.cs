using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <content>Answers and reports of CMTSs: the server's own record first, then on to the application manager they belong to.</content>
public sealed partial class PolicyServer
{
    private void ReceiveSouth(int cmts, ReadOnlySpan<byte> bytes, TimeSpan now, List<LinkCommand> commands)
    {
        while (_south[cmts].Association.Connection is { } connection)
        {
            switch (connection.Next(ref bytes, now, out CopsMessage message))
            {
                case CopsInput.Opened:
                    _south[cmts].Association.HandleOpened();
                    Configure(cmts, now);
                    continue;
                case CopsInput.Message:
                    if (PcmmMessage.TryRead(message.Payload, connection.Version.Layout, out PcmmMessage report)) HandleReport(cmts, report, message.ReportType, now);
                    else connection.Refuse(CopsErrorCode.BadMessageFormat);
                    if (connection.IsClosed) CloseSouth(cmts, now, commands);
                    continue;
                case CopsInput.Closed:
                    CloseSouth(cmts, now, commands);
                    continue;
                default:
                    return;
            }
        }
    }

    private void Configure(int cmts, TimeSpan now)
    {
        PdpAssociation<Operation> association = _south[cmts].Association;
        CopsWriter writer = association.Connection!.BeginDecision(128);
        writer.AddTransaction(association.Add(Own(OperationKind.Configure, null), now), GateCommand.PdpConfig);
        writer.AddPsid(_settings.Psid);
        association.Connection.Commit(ref writer);
    }

    private void BeginOwnSynch(int cmts, TimeSpan now)
    {
        CmtsLink link = _south[cmts];
        link.SynchSerial++;
        CopsWriter writer = link.Association.Connection!.BeginDecision(128);
        writer.AddTransaction(link.Association.Add(Own(OperationKind.OwnSynch, null), now, isEndless: true), GateCommand.SynchRequest);
        writer.AddPsid(_settings.Psid);
        writer.AddSynchOptions(new SynchOptions(IsComplete: true, IsIncremental: false));
        link.Association.Connection.Commit(ref writer);
    }

    private static Operation Own(OperationKind kind, DecidedGate? gate) => new(kind, -1, 0, GateCommand.None, gate, null, null);

    private void HandleReport(int cmts, in PcmmMessage report, CopsReportType type, TimeSpan now)
    {
        CmtsLink link = _south[cmts];
        if (report.TryGetReceiptKey(out uint key)) SendReceipt(link.Association.Connection!, key);
        if (report.Command == GateCommand.GateReportState)
        {
            HandleState(cmts, report, now);
            return;
        }
        if (report.Command == GateCommand.SynchReport)
        {
            if (!link.Association.TryPeek(report.Transaction, out Operation synch)) return;
            if (synch.Kind == OperationKind.OwnIncrement) HandleState(cmts, report, now);
            else if (synch.Kind == OperationKind.OwnSynch) Learn(cmts, report, now);
            else if (synch.Merge is { } merge) ForwardSynchReport(cmts, synch, merge, report, now);
            return;
        }
        if (!link.Association.TryTake(report.Transaction, out Operation operation))
        {
            DeleteUnknown(cmts, report, now);
            return;
        }
        switch (operation.Kind)
        {
            case OperationKind.Configure:
                if (report.Command != GateCommand.PdpConfigAck) break;
                if (link.SynchSerial > 0) BeginIncrement(cmts, now);
                else BeginOwnSynch(cmts, now);
                break;
            case OperationKind.OwnIncrement:
                // The CMTS has forgotten this server: so it has forgotten the gates that another one set.
                bool isReboot = report.TryGetError(out PcmmError why) && why.Code == PcmmErrorCode.NoStateForPdp;
                foreach (DecidedGate foreign in link.Gates.Values) foreign.IsForeign &= !isReboot;
                BeginOwnSynch(cmts, now); // Whatever it said: only a full one finds what was on its way when the connection broke.
                break;
            case OperationKind.OwnSynch:
                FinishOwnSynch(cmts, report, now);
                break;
            case OperationKind.OwnDelete:
                FinishOwnDelete(operation, report);
                break;
            case OperationKind.Synch:
                if (report.TryGetError(out PcmmError error)) operation.Merge!.Error = error;
                else if (operation.Merge!.IsExhaustive) ForgetUnnamed(link, operation);
                if (--operation.Merge!.Remaining == 0) FinishMerge(operation.Merge);
                break;
            case OperationKind.Set:
                HandleSetAnswer(link, operation, report, now);
                Answer(operation, report, type);
                break;
            default:
                if (operation.Command == GateCommand.GateDelete && IsGone(report) && operation.Gate is { } gate) Forget(gate);
                Answer(operation, report, type);
                break;
        }
    }

    private void ForwardSynchReport(int cmts, in Operation synch, SynchMerge merge, in PcmmMessage report, TimeSpan now)
    {
        CmtsLink link = _south[cmts];
        GateSpec? asked = null;
        if (report.TryGetGateId(out GateId id))
        {
            if (!link.Gates.TryGetValue(id.Value, out DecidedGate? gate) && report.Has(PcmmObject.GateSpec) && report.Has(PcmmObject.TrafficProfile)) gate = Remember(cmts, id, report, isForeign: true, now);
            if (gate is not null)
            {
                gate.SeenInMerge = synch.MergeSerial;
                asked = gate.Asked;
            }
        }
        ForwardNorth(merge.North, merge.Transaction, report, CopsReportType.Success, report.Has(PcmmObject.GateSpec) ? asked : null, merge.IsComplete ? 0 : ForwardCopy.CompleteOnly);
    }

    /// <summary>Gates that were ended through another policy server while this one was not asked.</summary>
    private void ForgetUnnamed(CmtsLink link, in Operation synch)
    {
        foreach (DecidedGate gate in link.Gates.Values.ToArray())
        {
            if (gate.Owner == synch.Merge!.Amid && gate.SeenInMerge < synch.MergeSerial) Forget(gate);
        }
    }

    private static bool IsGone(in PcmmMessage report) =>
        report.Command == GateCommand.GateDeleteAck || (report.TryGetError(out PcmmError error) && error.Code == PcmmErrorCode.UnknownGateId);

    private void HandleSetAnswer(CmtsLink link, in Operation operation, in PcmmMessage report, TimeSpan now)
    {
        DecidedGate? gate = operation.Gate;
        if (report.Command != GateCommand.GateSetAck || !report.TryGetGateId(out GateId id))
        {
            if (gate is null) return;
            bool isUnknown = report.TryGetError(out PcmmError error) && error.Code == PcmmErrorCode.UnknownGateId;
            if (operation.Change is null) Count(gate, -1);
            else if (isUnknown) Forget(gate);
            return;
        }
        if (gate is null) return; // A change of a gate that this server has not learned; the next synchronisation brings it.
        if (operation.Change is { } change)
        {
            if (!link.Gates.ContainsKey(gate.Id.Value)) return;
            Count(gate, -1);
            gate.Asked = change.Asked;
            gate.Sent = change.Sent;
            gate.Rate = change.Rate;
            gate.TimeLimit = change.TimeLimit ?? gate.TimeLimit;
            gate.Opaque = change.Opaque ?? gate.Opaque;
            Count(gate, 1);
        }
        else
        {
            gate.Id = id;
            if (link.Gates.Remove(id.Value, out DecidedGate? stale)) Count(stale, -1);
            link.Gates.Add(id.Value, gate);
        }
        gate.NorthLink = operation.North;
        gate.SeenIn = link.SynchSerial;
        gate.SeenInMerge = link.MergeSerial;
        bool isTimed = _rules.CloseAtTimeLimit && gate.TimeLimit > 0;
        _deadlines.Set(gate, isTimed ? now + TimeSpan.FromSeconds(gate.TimeLimit) : null);
    }

    /// <summary>An acknowledgement that came after its command was given up: nobody counts on that gate.</summary>
    private void DeleteUnknown(int cmts, in PcmmMessage report, TimeSpan now)
    {
        if (report.Command != GateCommand.GateSetAck || !report.TryGetGateId(out GateId id) || _south[cmts].Gates.ContainsKey(id.Value)) return;
        if (!report.TryGetAmid(out Amid amid) || !report.TryGetSubscriber(out SubscriberId subscriber)) return;
        SendDelete(cmts, amid, subscriber, id, Own(OperationKind.OwnDelete, null), now);
    }

    private void DeleteOwn(DecidedGate gate, GateReason reason, TimeSpan now)
    {
        gate.State = GateState.Closed;
        gate.CloseReason = reason;
        SendDelete(gate.Cmts, gate.Owner, gate.Subscriber, gate.Id, Own(OperationKind.OwnDelete, gate), now);
    }

    private void SendDelete(int cmts, Amid amid, SubscriberId subscriber, GateId id, in Operation operation, TimeSpan now)
    {
        PdpAssociation<Operation> association = _south[cmts].Association;
        if (!association.IsOpen) return;
        Counters.OwnDeletes++;
        CopsWriter writer = association.Connection!.BeginDecision(256);
        writer.AddTransaction(association.Add(operation, now), GateCommand.GateDelete);
        GateCommands.AddGateReference(ref writer, amid, subscriber, id);
        writer.AddPsid(_settings.Psid);
        association.Connection.Commit(ref writer);
    }

    /// <summary>This server ended the gate: only now, and only when it worked, the application manager is told.</summary>
    private void FinishOwnDelete(in Operation operation, in PcmmMessage report)
    {
        if (operation.Gate is not { } gate || report.Command != GateCommand.GateDeleteAck) return;
        Forget(gate);
        ReportNorth(gate, GateState.Closed, gate.CloseReason);
    }

    private void HandleState(int cmts, in PcmmMessage report, TimeSpan now)
    {
        Counters.Reports++;
        if (!report.TryGetGateId(out GateId id) || !report.TryGetState(out GateState state, out GateReason reason)) return;
        _south[cmts].Gates.TryGetValue(id.Value, out DecidedGate? gate);
        if (gate is not null)
        {
            gate.State = state;
            gate.CommittedSeconds = report.TryGetGateTime(out uint seconds) ? seconds : gate.CommittedSeconds;
            gate.UsageKilobytes = report.TryGetGateUsage(out ulong usage) ? usage : gate.UsageKilobytes;
            if (state == GateState.Closed) Forget(gate);
        }
        if (report.TryGetAmid(out Amid amid)) Deliver(amid, FindNorth(amid, gate), ReportObjects(report));
        if (gate is not null && reason == GateReason.VolumeLimitReached && _rules.CloseAtVolumeLimit) DeleteOwn(gate, GateReason.ClosedByVolumeLimit, now);
    }

    /// <summary>A gate of the CMTS's full synchronisation: known ones are confirmed, unknown ones learned and told to their owner.</summary>
    private void Learn(int cmts, in PcmmMessage report, TimeSpan now)
    {
        CmtsLink link = _south[cmts];
        if (!report.TryGetGateId(out GateId id)) return;
        report.TryGetState(out GateState state, out _);
        if (link.Gates.TryGetValue(id.Value, out DecidedGate? gate))
        {
            gate.SeenIn = link.SynchSerial;
            gate.State = state;
            gate.IsForeign = false;
            return;
        }
        if (Remember(cmts, id, report, isForeign: false, now) is { } learned && link.SynchSerial > 1) Diverge(learned, state);
    }

    /// <summary>Takes a gate into the record from a complete report.</summary>
    /// <param name="isForeign">Another policy server set it, so that this one's own synchronisation does not name it.</param>
    private DecidedGate? Remember(int cmts, GateId id, in PcmmMessage report, bool isForeign, TimeSpan now)
    {
        CmtsLink link = _south[cmts];
        if (!report.TryGetAmid(out Amid amid) || !report.TryGetSubscriber(out SubscriberId subscriber)) return null;
        report.TryGetState(out GateState state, out _);
        report.TryGetGateSpec(out GateSpec spec);
        report.TryGetProfile(out TrafficProfile profile);
        var gate = new DecidedGate
        {
            IsForeign = isForeign,
            Cmts = cmts, Id = id, Owner = amid, Subscriber = subscriber, Asked = spec, Sent = spec, Rate = RateOf(profile, spec.Direction), State = state,
            SeenIn = link.SynchSerial, SeenInMerge = link.MergeSerial, ElementId = _settings.ElementId, NorthLink = -1,
            Opaque = report.TryGetOpaque(out ulong opaque) ? opaque : null,
            TimeLimit = report.TryGetTimeLimit(out uint seconds) ? seconds : 0,
            Events = report.TryGetEventGenerationInfo(out EventGenerationInfo events) ? events : null,
        };
        link.Gates.Add(id.Value, gate);
        Count(gate, 1);
        if (_rules.CloseAtTimeLimit && gate.TimeLimit > 0) _deadlines.Set(gate, now + TimeSpan.FromSeconds(gate.TimeLimit));
        return gate;
    }

    private void FinishOwnSynch(int cmts, in PcmmMessage report, TimeSpan now)
    {
        CmtsLink link = _south[cmts];
        if (report.TryGetError(out _))
        {
            link.SynchAt = now + SynchRetry;
            return;
        }
        link.IsSynchronised = true;
        foreach (DecidedGate gate in link.Gates.Values.ToArray())
        {
            if (gate.SeenIn == link.SynchSerial || gate.IsForeign) continue;
            Forget(gate);
            NoteForgotten(gate.Subscriber, now);
            Diverge(gate, GateState.Closed);
        }
    }

    /// <summary>What the CMTS has is not what this server believed: the owner is told.</summary>
    private void Diverge(DecidedGate gate, GateState state)
    {
        Counters.Divergences++;
        ReportNorth(gate, state, GateReason.Other);
    }

    private void ReportNorth(DecidedGate gate, GateState state, GateReason reason) =>
        Deliver(gate.Owner, FindNorth(gate.Owner, gate), ReportObjects(gate, state, reason));

    /// <summary>The connection of the gate's last command, else one that declared the AMID, else none.</summary>
    private PepAssociation? FindNorth(Amid amid, DecidedGate? gate)
    {
        if (gate is not null && _north.TryGetValue(gate.NorthLink, out PepAssociation? own) && own.Connection.IsOpen) return own;
        foreach (PepAssociation peer in _north.Values)
        {
            if (peer.Connection.IsOpen && peer.Amids.Contains(amid.Value)) return peer;
        }
        return null;
    }

    private void Answer(in Operation operation, in PcmmMessage report, CopsReportType type)
    {
        if (_north.TryGetValue(operation.North, out PepAssociation? peer)) peer.Outstanding--;
        Counters.Answered++;
        // Answers tell the GateSpec as it was asked for, not as this server rewrote it.
        GateSpec? asked = report.Has(PcmmObject.GateSpec) && operation.Gate is { } gate ? gate.Asked : null;
        ForwardNorth(operation.North, operation.Transaction, report, type, asked);
    }

    private void ForwardNorth(int north, ushort transaction, in PcmmMessage report, CopsReportType type, GateSpec? spec, uint without = 0)
    {
        if (!_north.TryGetValue(north, out PepAssociation? peer) || !peer.Connection.IsOpen)
        {
            Counters.Dropped++;
            return;
        }
        CopsWriter writer = peer.Connection.BeginReport(type, report.Payload.Length + 512);
        writer.AddTransaction(transaction, report.Command);
        ForwardCopy.AddObjects(ref writer, report, peer.Connection.Version.Layout, ForwardCopy.ReceiptKey | ForwardCopy.Psid | without, spec);
        peer.Connection.Commit(ref writer);
    }

    /// <summary>A command that the CMTS will not answer any more.</summary>
    private void Fail(in Operation operation, PcmmError error)
    {
        if (operation.Kind == OperationKind.Set && operation.Change is null && operation.Gate is { } never)
        {
            SubscriberLoad load = LoadOf(never.Subscriber);
            if (load.NewInWindow > 0) load.NewInWindow--; // Asked for again when the CMTS is back, it is the same new gate.
            Count(never, -1);
        }
        if (operation.Merge is { } merge)
        {
            merge.Error = error;
            if (--merge.Remaining == 0) FinishMerge(merge);
            return;
        }
        if (operation.Kind is not (OperationKind.Set or OperationKind.Other) || !_north.TryGetValue(operation.North, out PepAssociation? peer)) return;
        peer.Outstanding--;
        if (!peer.Connection.IsOpen) return;
        GateCommand answer = operation.Command + 2; // Command, acknowledgement and error are numbered in this order.
        CopsWriter writer = peer.Connection.BeginReport(CopsReportType.Failure, 256);
        writer.AddTransaction(operation.Transaction, answer);
        writer.AddAmid(operation.Gate?.Owner ?? default);
        if (answer == GateCommand.GateSetErr) writer.AddSubscriber(operation.Gate?.Subscriber ?? default);
        else writer.AddGateId(operation.Gate?.Id ?? default);
        writer.AddError(error);
        if (answer == GateCommand.GateSetErr && operation.Gate?.Opaque is { } opaque) writer.AddOpaque(opaque);
        peer.Connection.Commit(ref writer);
    }

    private static void SendReceipt(CopsConnection connection, uint key)
    {
        CopsWriter writer = connection.BeginDecision(128);
        writer.AddTransaction(0, GateCommand.MsgReceipt);
        writer.AddReceiptKey(key);
        connection.Commit(ref writer);
    }
}
