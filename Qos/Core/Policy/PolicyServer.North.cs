using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <content>Commands of application managers: checked against the rules, then refused here or sent on.</content>
public sealed partial class PolicyServer
{
    private void ReceiveNorth(int link, ReadOnlySpan<byte> bytes, TimeSpan now, List<LinkCommand> commands)
    {
        if (!_north.TryGetValue(link, out PepAssociation? peer)) return;
        CopsInput input;
        while ((input = peer.Connection.Next(ref bytes, now, out CopsMessage message)) != CopsInput.None && input != CopsInput.Closed)
        {
            if (input == CopsInput.Message) HandleDecision(peer, message, now);
        }
        if (input == CopsInput.Closed) commands.Add(new LinkCommand(LinkAction.Close, link));
    }

    private void HandleDecision(PepAssociation peer, in CopsMessage message, TimeSpan now)
    {
        CopsConnection connection = peer.Connection;
        if (!PcmmMessage.TryRead(message.Payload, connection.Version.Layout, out PcmmMessage command))
        {
            connection.Refuse(CopsErrorCode.BadMessageFormat);
            return;
        }
        if (!command.HasTransaction) return;
        if (!PcmmGrammar.IsCommand(command.Command) || (connection.Version.Major == 1 && command.Command > GateCommand.GateCmdErr))
        {
            PepReports.RefuseCommand(connection, command, new PcmmError(PcmmErrorCode.UnknownGateCommand, (ushort)command.Command));
            return;
        }
        bool isFirst = !peer.HasCommand;
        peer.HasCommand = true;
        PcmmError error = message.DecisionCommand == 1 ? PcmmGrammar.Check(command, southbound: false) : new PcmmError(PcmmErrorCode.Other);
        if (error.IsNone)
        {
            error = command.Command switch
            {
                GateCommand.PdpConfig => HandleConfiguration(peer, command, isFirst),
                GateCommand.MsgReceipt => HandleReceipt(peer, command),
                GateCommand.SynchRequest => HandleSynchRequest(peer, command, now),
                GateCommand.GateSet => HandleGateSet(peer, command, now),
                _ => HandleGateCommand(peer, command, now),
            };
        }
        if (error.IsNone || command.Command == GateCommand.MsgReceipt) return;
        Counters.Refused++;
        PepReports.Refuse(connection, command, error);
    }

    private PcmmError HandleConfiguration(PepAssociation peer, in PcmmMessage command, bool isFirst)
    {
        if (!isFirst || peer.IsConfigured) return new PcmmError(PcmmErrorCode.UnauthorizedAmid);
        foreach (PcmmMessage.ObjectSequence item in command.Amids)
        {
            if (!MayUse(peer, item.Amid)) return new PcmmError(PcmmErrorCode.UnauthorizedAmid);
        }
        peer.HadState = true;
        foreach (PcmmMessage.ObjectSequence item in command.Amids)
        {
            peer.Amids.Add(item.Amid.Value);
            peer.HadState &= !_knownAmids.Add(item.Amid.Value);
        }
        peer.Configure(null);
        PepReports.AcceptConfiguration(peer.Connection, command.Transaction);
        return default;
    }

    /// <summary>An AMID belongs to the address that first used it while that address is connected; and the rules must know it.</summary>
    private bool MayUse(PepAssociation peer, Amid amid)
    {
        if (_rules.Find(amid, peer.Peer) is null) return false;
        if (_amidOwners.TryGetValue(amid.Value, out string? owner) && owner != peer.Peer && _north.Values.Any(n => n.Peer == owner && n.Connection.IsOpen && n.Amids.Contains(amid.Value))) return false;
        _amidOwners[amid.Value] = peer.Peer;
        return true;
    }

    private bool IsAllowed(PepAssociation peer, Amid amid)
    {
        if (peer.Amids.Contains(amid.Value)) return _rules.Find(amid, peer.Peer) is not null; // The rules may have changed since.
        if (!MayUse(peer, amid)) return false;
        peer.Amids.Add(amid.Value); // Using an identifier declares it.
        return true;
    }

    private PcmmError HandleGateCommand(PepAssociation peer, in PcmmMessage command, TimeSpan now)
    {
        command.TryGetAmid(out Amid amid);
        command.TryGetSubscriber(out SubscriberId subscriber);
        command.TryGetGateId(out GateId id);
        if (!IsAllowed(peer, amid)) return new PcmmError(PcmmErrorCode.UnauthorizedAmid);
        int cmts = RouteOf(subscriber);
        if (cmts < 0) return new PcmmError(PcmmErrorCode.InvalidSubscriberId);
        CmtsLink link = _south[cmts];
        if (!link.Association.IsOpen || link.Association.Outstanding >= _settings.MaxOutstanding) return new PcmmError(PcmmErrorCode.TransportError);
        link.Gates.TryGetValue(id.Value, out DecidedGate? gate);
        Send(link, peer, command, new Operation(OperationKind.Other, peer.Link, command.Transaction, command.Command, gate, null, null), null, now);
        return default;
    }

    private PcmmError HandleGateSet(PepAssociation peer, in PcmmMessage command, TimeSpan now)
    {
        command.TryGetAmid(out Amid amid);
        command.TryGetSubscriber(out SubscriberId subscriber);
        command.TryGetGateSpec(out GateSpec asked);
        byte profileType = command.TypeOf(PcmmObject.TrafficProfile);
        switch (command.TryGetProfile(out TrafficProfile profile))
        {
            case PcmmErrorCode.None: break;
            case PcmmErrorCode.InvalidObject: return PcmmError.Invalid(PcmmObject.TrafficProfile, profileType);
            default: return PcmmError.Value(PcmmObject.TrafficProfile, profileType);
        }
        if (!IsAllowed(peer, amid)) return new PcmmError(PcmmErrorCode.UnauthorizedAmid);
        int cmts = RouteOf(subscriber);
        if (cmts < 0) return new PcmmError(PcmmErrorCode.InvalidSubscriberId);
        CmtsLink link = _south[cmts];
        DecidedGate? gate = null;
        bool isChange = command.TryGetGateId(out GateId id);
        if (isChange && link.Gates.TryGetValue(id.Value, out gate) && gate.Owner != amid) return new PcmmError(PcmmErrorCode.UnauthorizedAmid);
        double rate = RateOf(profile, asked.Direction);
        PcmmError error = Judge(command, _rules.Find(amid, peer.Peer)!, subscriber, link, cmts, asked, profile.Type, rate, gate, isChange, now);
        if (!error.IsNone) return error;
        if (!link.Association.IsOpen || link.Association.Outstanding >= _settings.MaxOutstanding) return new PcmmError(PcmmErrorCode.TransportError);

        GateSpec sent = _rules.Rewrite?.Apply(asked) ?? asked;
        uint? timeLimit = command.TryGetTimeLimit(out uint seconds) ? seconds : null;
        ulong? opaque = command.TryGetOpaque(out ulong value) ? value : null;
        Change? change = null;
        if (isChange)
        {
            change = new Change(asked, sent, rate, timeLimit, opaque);
        }
        else
        {
            gate = new DecidedGate
            {
                Cmts = cmts, Owner = amid, Subscriber = subscriber, Asked = asked, Sent = sent, Rate = rate, TimeLimit = timeLimit ?? 0, Opaque = opaque,
                NorthLink = peer.Link, ElementId = _settings.ElementId,
                Events = command.TryGetEventGenerationInfo(out EventGenerationInfo events) ? events : null,
            };
            Count(gate, 1);
            CountNew(subscriber, now);
        }
        Send(link, peer, command, new Operation(OperationKind.Set, peer.Link, command.Transaction, GateCommand.GateSet, gate, null, change), sent, now);
        return default;
    }

    /// <summary>The rules, in the order of the error codes they lead to.</summary>
    private PcmmError Judge(
        in PcmmMessage command, ApplicationRule application, SubscriberId subscriber, CmtsLink link, int cmts, in GateSpec spec, TrafficProfileType type, double rate, DecidedGate? gate, bool isChange, TimeSpan now)
    {
        PolicyRules rules = _rules;
        if (command.TryGetVolumeLimit(out ulong volume) && volume > rules.MaxVolumeKilobytes) return new PcmmError(PcmmErrorCode.VolumeLimitExceeded);
        if (command.TryGetTimeLimit(out uint seconds) && seconds > rules.MaxTimeSeconds) return new PcmmError(PcmmErrorCode.TimeLimitExceeded);
        int priority = spec.SessionClass.Priority;
        if (!isChange && rules.SessionClassLimits.TryGetValue(priority, out int most) && _perPriority[priority] >= most) return new PcmmError(PcmmErrorCode.SessionClassLimitExceeded);

        if (priority > application.MaxPriority || (spec.SessionClass.MayPreempt && !application.MayPreempt)) return new PcmmError(PcmmErrorCode.SessionClassLimitExceeded);
        if (rate > application.MaxRate) return Exception(PolicyExceptionCode.ApplicationRate);
        if (!isChange && !application.IsOpenAt(TimeOfDay(now))) return Exception(PolicyExceptionCode.TimeOfDay);

        SubscriberRule? own = rules.Find(subscriber);
        if (own is { Deny: true }) return Exception(PolicyExceptionCode.SubscriberDenied);
        if ((own?.ProfileTypes ?? rules.ProfileTypes) is { } types && !types.Contains(type)) return Exception(PolicyExceptionCode.ProfileType);
        _subscribers.TryGetValue(subscriber, out SubscriberLoad? load);
        if (!isChange)
        {
            if ((load?.Gates ?? 0) >= (own?.MaxGates ?? rules.MaxGatesPerSubscriber)) return Exception(PolicyExceptionCode.GatesPerSubscriber);
            int recent = load is not null && now - load.WindowStart < Minute ? load.NewInWindow : 0;
            if (!IsReturning(load, now) && recent >= (own?.NewGatesPerMinute ?? rules.NewGatesPerMinute)) return Exception(PolicyExceptionCode.NewGatesPerMinute);
        }
        int direction = (int)spec.Direction;
        bool isUp = spec.Direction == GateDirection.Upstream;
        double more = rate - (gate?.Rate ?? 0);
        double? limit = isUp ? own?.MaxRateUp ?? rules.MaxRateUp : own?.MaxRateDown ?? rules.MaxRateDown;
        if ((load?.Rate[direction] ?? 0) + more > limit) return Exception(PolicyExceptionCode.RatePerSubscriber);
        foreach (CmtsRule rule in rules.Cmts)
        {
            if (rule.Cmts != cmts) continue;
            if ((!isChange && link.GateCount >= rule.MaxGates) || link.Rate[direction] + more > (isUp ? rule.MaxRateUp : rule.MaxRateDown)) return Exception(PolicyExceptionCode.CmtsLoad);
        }
        return default;
    }

    private static PcmmError Exception(PolicyExceptionCode code) => new(PcmmErrorCode.PolicyException, (ushort)code);

    private void Send(CmtsLink link, PepAssociation peer, in PcmmMessage command, in Operation operation, GateSpec? spec, TimeSpan now)
    {
        CopsConnection south = link.Association.Connection!;
        peer.Outstanding++;
        CopsWriter writer = south.BeginDecision(command.Payload.Length + 512);
        writer.AddTransaction(link.Association.Add(operation, now), command.Command);
        ForwardCopy.AddObjects(ref writer, command, south.Version.Layout, ForwardCopy.Psid, spec);
        south.Commit(ref writer);
        Counters.Forwarded++;
    }

    /// <summary>Asks every CMTS that is concerned and answers with one Synch-Complete.</summary>
    private PcmmError HandleSynchRequest(PepAssociation peer, in PcmmMessage command, TimeSpan now)
    {
        command.TryGetAmid(out Amid amid);
        if (!peer.IsConfigured || !IsAllowed(peer, amid)) return new PcmmError(PcmmErrorCode.UnauthorizedAmid);
        if (!command.TryGetSynchOptions(out SynchOptions options) || (options.IsComplete && options.IsIncremental)) return PcmmError.Value(PcmmObject.SynchOptions, 1);
        if (options.IsIncremental) return HandleIncrementalRequest(peer, command.Transaction, amid);
        int only = -1;
        if (command.TryGetSubscriber(out SubscriberId subscriber) && (only = RouteOf(subscriber)) < 0) return new PcmmError(PcmmErrorCode.InvalidSubscriberId);
        Counters.Synchronisations++;
        var merge = new SynchMerge(peer.Link, command.Transaction, amid) { IsExhaustive = only < 0, IsComplete = options.IsComplete };
        // The first one of a connection brings whole gates: those that another policy server set count here too from now on.
        bool isFirst = !peer.HasSynchronised;
        peer.HasSynchronised = true;
        for (int i = 0; i < _south.Length; i++)
        {
            if (only >= 0 && only != i) continue;
            CmtsLink link = _south[i];
            if (!link.Association.IsOpen)
            {
                merge.Error = new PcmmError(PcmmErrorCode.TransportError); // What this one has is not known.
                continue;
            }
            merge.Remaining++;
            CopsConnection south = link.Association.Connection!;
            CopsWriter writer = south.BeginDecision(256);
            var operation = new Operation(OperationKind.Synch, peer.Link, command.Transaction, GateCommand.SynchRequest, null, merge, null, ++link.MergeSerial);
            writer.AddTransaction(link.Association.Add(operation, now, isEndless: true), GateCommand.SynchRequest);
            writer.AddAmid(amid);
            if (only >= 0) writer.AddSubscriber(subscriber);
            writer.AddSynchOptions(options with { IsComplete = options.IsComplete || isFirst });
            south.Commit(ref writer);
        }
        if (merge.Remaining == 0) FinishMerge(merge);
        return default;
    }

    private void FinishMerge(SynchMerge merge)
    {
        if (!_north.TryGetValue(merge.North, out PepAssociation? peer) || !peer.Connection.IsOpen) return;
        CopsWriter writer = peer.Connection.BeginReport(merge.Error.IsNone ? CopsReportType.Success : CopsReportType.Failure, 128);
        writer.AddTransaction(merge.Transaction, GateCommand.SynchComplete);
        writer.AddAmid(merge.Amid);
        if (!merge.Error.IsNone) writer.AddError(merge.Error);
        peer.Connection.Commit(ref writer);
    }
}
