using System.Diagnostics;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cmts;

/// <content>Gate-Set: checks, admission with preemption, the exchange with the modem, and its end.</content>
public sealed partial class CmtsEmulator
{
    private const int DsxTries = 3;

    private PcmmError HandleGateSet(PepAssociation peer, in PcmmMessage command, TimeSpan now)
    {
        Counters.GateSets++;
        command.TryGetAmid(out Amid amid);
        command.TryGetSubscriber(out SubscriberId subscriber);
        command.TryGetGateSpec(out GateSpec spec);
        PcmmErrorCode profileFault = command.TryGetProfile(out TrafficProfile profile);
        byte profileType = command.TypeOf(PcmmObject.TrafficProfile);
        if (profileFault == PcmmErrorCode.InvalidObject) return PcmmError.Invalid(PcmmObject.TrafficProfile, profileType);
        if (profileFault != PcmmErrorCode.None) return PcmmError.Value(PcmmObject.TrafficProfile, profileType);

        EmulatedGate? gate = null;
        PcmmError error;
        if (command.Has(PcmmObject.GateId) && !(error = Find(command, out gate)).IsNone) return error;
        error = gate is null ? CheckNew(subscriber, spec, out Modem? modem) : CheckChange(gate, spec, profile, out modem);
        if (!error.IsNone) return error;
        error = ReadClassifiers(command, gate, out List<Classifier> classifiers);
        if (!error.IsNone) return error;
        error = Map(profile, spec.Direction, out ServiceFlowParameters reserved, out ServiceFlowParameters committed);
        if (!error.IsNone) return error;
        if (!EnvelopeRules.AreNested(profile) || (gate is not null && !gate.CanBecome(profile.Envelopes))) return new PcmmError(PcmmErrorCode.IncompatibleEnvelope);
        bool isMulticast = classifiers.Any(IsMulticast);
        if (isMulticast && !(error = CheckMulticast(command, gate, spec, profile, classifiers)).IsNone) return error;
        error = Admit(gate, modem!, spec, profile.Envelopes, reserved.ReservedRate, now, out bool needsSid);
        if (!error.IsNone) return error;

        bool isNew = gate is null;
        double before = gate?.Reserved ?? 0;
        gate ??= new EmulatedGate(NextGateId(), _settings.DefaultT1, _settings.TimeScale)
        {
            Owner = amid, Subscriber = subscriber, Modem = modem!, Spec = spec,
            Events = command.TryGetEventGenerationInfo(out EventGenerationInfo events) ? events : null,
        };
        if (isNew)
        {
            gate.Link = peer.Link;
            gate.Peer = peer.Peer;
            gate.Psid = peer.Psid;
        }
        if (isMulticast) gate.SharedResource = SharedResourceOf(classifiers[0].Destination);
        bool holdsFlow = profile.Envelopes != ResourceEnvelopes.Authorize;
        if (holdsFlow) SetReserved(gate, reserved.ReservedRate);
        if (needsSid)
        {
            gate.HoldsSid = true;
            gate.Modem.Sids++;
            _sids++;
        }
        var pending = new PendingSet
        {
            Gate = gate, IsNew = isNew, Link = peer.Link, Transaction = command.Transaction, Spec = spec, Profile = profile, Classifiers = classifiers,
            VolumeLimit = command.TryGetVolumeLimit(out ulong volume) ? volume : null,
            TimeLimit = command.TryGetTimeLimit(out uint seconds) ? seconds : null,
            Opaque = command.TryGetOpaque(out ulong opaque) ? opaque : null,
            UserId = command.Has(PcmmObject.UserId) ? command.Payload.Slice(command.OffsetOf(PcmmObject.UserId) + 4, command.LengthOf(PcmmObject.UserId) - 4).ToArray() : null,
            ReservedBefore = before, Committed = committed.ReservedRate, Scheduling = reserved.Scheduling, TookSid = needsSid,
        };
        BeginExchange(pending, holdsFlow || gate.ServiceFlow != 0, now);
        return default;
    }

    private PcmmError CheckNew(SubscriberId subscriber, in GateSpec spec, out Modem? modem)
    {
        modem = FindModem(subscriber);
        if (modem is null) return new PcmmError(PcmmErrorCode.InvalidSubscriberId);
        if (modem.IsDocsis10) return new PcmmError(PcmmErrorCode.Docsis10Modem);
        int priority = spec.SessionClass.Priority;
        bool isFull = _settings.SessionClassLimits.TryGetValue(priority, out int limit) && _perPriority[priority] >= limit;
        return isFull ? new PcmmError(PcmmErrorCode.SessionClassLimitExceeded) : default;
    }

    private static PcmmError CheckChange(EmulatedGate gate, in GateSpec spec, in TrafficProfile profile, out Modem? modem)
    {
        modem = gate.Modem;
        if (gate.IsChanging) return new PcmmError(PcmmErrorCode.Other);
        if (gate.Spec.Direction != spec.Direction) return PcmmError.Value(PcmmObject.GateSpec, 1);
        return gate.Profile.Type != profile.Type ? PcmmError.Value(PcmmObject.TrafficProfile, (byte)profile.Type) : default;
    }

    /// <summary>The gate's classifiers as they would be after the command.</summary>
    private PcmmError ReadClassifiers(in PcmmMessage command, EmulatedGate? gate, out List<Classifier> classifiers)
    {
        classifiers = [];
        bool isLegacy = command.TypeOf(PcmmObject.Classifier) == (byte)ClassifierKind.Legacy;
        if (gate is not null)
        {
            if (gate.Classifiers[0].Kind != (ClassifierKind)command.TypeOf(PcmmObject.Classifier)) return PcmmError.Value(PcmmObject.Classifier, command.TypeOf(PcmmObject.Classifier));
            if (!isLegacy) classifiers.AddRange(gate.Classifiers);
        }
        foreach (PcmmMessage.ObjectSequence item in command.Classifiers)
        {
            Classifier classifier = item.Classifier;
            PcmmError bad = PcmmError.Value(PcmmObject.Classifier, item.Type);
            if (isLegacy)
            {
                classifiers.Add(classifier);
                continue;
            }
            if (classifier.Activation > 1 || classifier.Action > ClassifierAction.NoChange) return bad;
            int at = classifiers.FindIndex(c => c.Id == classifier.Id);
            if (at < 0 != (classifier.Action == ClassifierAction.Add)) return bad;
            switch (classifier.Action)
            {
                case ClassifierAction.Add: classifiers.Add(classifier); break;
                case ClassifierAction.Replace: classifiers[at] = classifier with { Action = ClassifierAction.Add }; break;
                case ClassifierAction.Delete: classifiers.RemoveAt(at); break;
            }
        }
        if (classifiers.Count > _settings.MaxClassifiers) return new PcmmError(PcmmErrorCode.NumberOfClassifiers, (ushort)_settings.MaxClassifiers);
        return classifiers.Count == 0 ? PcmmError.Missing(PcmmObject.Classifier, 0) : default;
    }

    private PcmmError Map(in TrafficProfile profile, GateDirection direction, out ServiceFlowParameters reserved, out ServiceFlowParameters committed)
    {
        reserved = committed = default;
        if (profile.Type == TrafficProfileType.UpstreamDrop)
        {
            if (!_settings.SupportsUpstreamDrop) return new PcmmError(PcmmErrorCode.UpstreamDropUnsupported);
            return direction == GateDirection.Upstream ? default : PcmmError.Value(PcmmObject.TrafficProfile, (byte)profile.Type);
        }
        if (profile.Type == TrafficProfileType.ServiceClassName)
        {
            string name = profile.Name.ToString();
            ServiceClass? found = _settings.ServiceClasses.FirstOrDefault(c => c.Name == name && c.Direction == direction);
            if (found is null) return new PcmmError(PcmmErrorCode.UndefinedServiceClassName);
            reserved = committed = found.Parameters;
            return default;
        }
        PcmmErrorCode fault = DocsisMapping.TryMap(profile, ResourceEnvelopes.Authorized, direction, _settings.Privacy, _settings.SegmentHeaders, out ServiceFlowParameters authorized);
        reserved = committed = authorized;
        if (fault == PcmmErrorCode.None && profile.Count > 1)
        {
            fault = DocsisMapping.TryMap(profile, ResourceEnvelopes.Reserved, direction, _settings.Privacy, _settings.SegmentHeaders, out reserved);
        }
        if (fault == PcmmErrorCode.None && profile.Count > 2)
        {
            fault = DocsisMapping.TryMap(profile, ResourceEnvelopes.Committed, direction, _settings.Privacy, _settings.SegmentHeaders, out committed);
        }
        return fault == PcmmErrorCode.None ? default : PcmmError.Value(PcmmObject.TrafficProfile, (byte)profile.Type);
    }

    /// <summary>Room for the reservation, if need be by ending gates of lower priority; and a SID for a new upstream flow.</summary>
    private PcmmError Admit(EmulatedGate? gate, Modem modem, in GateSpec spec, ResourceEnvelopes envelopes, double rate, TimeSpan now, out bool needsSid)
    {
        needsSid = false;
        if (envelopes == ResourceEnvelopes.Authorize) return default;
        if (spec.Direction == GateDirection.Upstream && gate is not { HoldsSid: true })
        {
            needsSid = true;
            if (modem.Sids >= _settings.SidsPerModem) return new PcmmError(PcmmErrorCode.SidsExceededInModem);
            if (_sids >= _settings.SidsPerCmts) return new PcmmError(PcmmErrorCode.SidsExceededInCmts);
        }
        double capacity = spec.Direction == GateDirection.Upstream ? _settings.CapacityUp : _settings.CapacityDown;
        double shortage = _reserved[(int)spec.Direction] - (gate?.Reserved ?? 0) + rate - capacity;
        if (shortage <= 0.5) return default;
        if (!spec.SessionClass.MayPreempt) return new PcmmError(PcmmErrorCode.InsufficientResources);
        GateSpec wanted = spec;
        List<EmulatedGate> victims = [.. _gates.Values
            .Where(g => g != gate && g.Reserved > 0 && g.Spec.Direction == wanted.Direction && g.Spec.SessionClass.Priority < wanted.SessionClass.Priority)
            .OrderBy(g => g.Spec.SessionClass.Priority).ThenByDescending(g => g.Reserved)];
        double gain = 0;
        int count = 0;
        while (count < victims.Count && gain < shortage) gain += victims[count++].Reserved;
        if (gain < shortage) return new PcmmError(PcmmErrorCode.InsufficientResources);
        foreach (EmulatedGate victim in victims.Take(count))
        {
            Counters.Preempted++;
            CloseGate(victim, GateReason.Preempted, now);
        }
        return default;
    }

    /// <summary>DSA-REQ, DSA-RSP, DSA-ACK (or DSC for a change): at once, after the delay, or in vain after all tries.</summary>
    private void BeginExchange(PendingSet pending, bool involvesModem, TimeSpan now)
    {
        TimeSpan delay = TimeSpan.Zero;
        if (involvesModem)
        {
            if (pending.Gate.ServiceFlow == 0) Counters.DsaExchanges++;
            else Counters.DscExchanges++;
            delay = _settings.DsxDelay;
            bool isSilent = !pending.Gate.Modem.IsOnline || (_settings.DsxLoss > 0 && RandomShare() < _settings.DsxLoss);
            if (isSilent)
            {
                Counters.DsxRetries += DsxTries - 1;
                delay = DsxTries * (delay > TimeSpan.Zero ? delay : TimeSpan.FromSeconds(1) / _settings.TimeScale);
            }
            pending.Fails = isSilent || (_settings.DsxRejects > 0 && RandomShare() < _settings.DsxRejects);
        }
        if (delay == TimeSpan.Zero)
        {
            FinishSet(pending, now);
            return;
        }
        pending.Gate.IsChanging = true;
        _changing.Add(pending.Gate, pending);
        _exchanges.Set(pending, now + delay);
    }

    private void FinishSet(PendingSet pending, TimeSpan now)
    {
        EmulatedGate gate = pending.Gate;
        gate.IsChanging = false;
        _changing.Remove(gate);
        _links.TryGetValue(pending.Link, out PepAssociation? peer);
        if (pending.IsCancelled || pending.Fails)
        {
            if (pending.Fails) Counters.DsxFailures++;
            if (!pending.IsCancelled) Undo(pending);
            AnswerError(peer, pending, new PcmmError(pending.IsCancelled ? PcmmErrorCode.UnknownGateId : PcmmErrorCode.Other));
            return;
        }
        if (pending.IsNew)
        {
            _gates.Add(gate.Id.Value, gate);
            gate.Modem.Gates.Add(gate);
        }
        else
        {
            _perPriority[gate.Spec.SessionClass.Priority]--;
        }
        _perPriority[pending.Spec.SessionClass.Priority]++;
        gate.Spec = pending.Spec;
        gate.Profile = pending.Profile;
        gate.Classifiers = pending.Classifiers;
        gate.Opaque = pending.Opaque ?? gate.Opaque;
        gate.UserId = pending.UserId ?? gate.UserId;
        gate.Scheduling = pending.Scheduling;
        gate.Committed = pending.Committed;
        if (pending.Profile.Envelopes == ResourceEnvelopes.Authorize) ReleaseFlow(gate);
        else if (gate.ServiceFlow == 0) gate.ServiceFlow = ++_lastFlow;
        gate.Become(pending.Profile.Envelopes, now);
        AnswerAck(peer, pending);
        GateTransition volume = pending.VolumeLimit is { } kilobytes ? gate.SetVolumeLimit(kilobytes) : default;
        if (!volume.IsNone) Report(gate, volume.State, volume.Reason, now);
        if (pending.TimeLimit is { } seconds)
        {
            gate.TimeLimit = seconds;
            if (seconds > 0 && gate.CommittedSeconds(now) >= seconds && !pending.IsNew) Report(gate, gate.State, GateReason.TimeLimitReached, now);
        }
        Schedule(gate, now);
    }

    private void Undo(PendingSet pending)
    {
        EmulatedGate gate = pending.Gate;
        SetReserved(gate, pending.ReservedBefore);
        if (pending.TookSid)
        {
            gate.HoldsSid = false;
            gate.Modem.Sids--;
            _sids--;
        }
    }

    private static void AnswerAck(PepAssociation? peer, PendingSet pending)
    {
        if (peer is not { Connection.IsOpen: true }) return;
        CopsWriter writer = peer.Connection.BeginReport(CopsReportType.Success, 256);
        writer.AddTransaction(pending.Transaction, GateCommand.GateSetAck);
        writer.AddAmid(pending.Gate.Owner);
        writer.AddSubscriber(pending.Gate.Subscriber);
        writer.AddGateId(pending.Gate.Id);
        if (pending.Gate.Opaque is { } opaque) writer.AddOpaque(opaque);
        if (pending.Gate.SharedResource is { } shared) writer.AddSharedResource(shared);
        peer.Connection.Commit(ref writer);
    }

    private void AnswerError(PepAssociation? peer, PendingSet pending, PcmmError error)
    {
        Counters.Refused++;
        if (peer is not { Connection.IsOpen: true }) return;
        CopsWriter writer = peer.Connection.BeginReport(CopsReportType.Failure, 256);
        writer.AddTransaction(pending.Transaction, GateCommand.GateSetErr);
        writer.AddAmid(pending.Gate.Owner);
        writer.AddSubscriber(pending.Gate.Subscriber);
        writer.AddError(error);
        if (pending.Opaque is { } opaque) writer.AddOpaque(opaque);
        peer.Connection.Commit(ref writer);
    }

    private PcmmError CheckMulticast(in PcmmMessage command, EmulatedGate? gate, in GateSpec spec, in TrafficProfile profile, List<Classifier> classifiers)
    {
        if (!_settings.SupportsMulticast) return new PcmmError(PcmmErrorCode.MulticastGateError);
        if (gate is not null) return new PcmmError(PcmmErrorCode.MulticastModificationUnsupported);
        if (spec.Direction == GateDirection.Upstream) return new PcmmError(PcmmErrorCode.UpstreamMulticastUnsupported);
        if (command.Has(PcmmObject.VolumeLimit)) return new PcmmError(PcmmErrorCode.MulticastVolumeLimitUnsupported);
        if (profile.Envelopes != ResourceEnvelopes.Commit) return new PcmmError(PcmmErrorCode.UncommittedMulticastUnsupported);
        if (classifiers.Count > 1) return new PcmmError(PcmmErrorCode.NumberOfClassifiers, 1);
        if (profile.Count > 1 && (profile.First != profile.Second || profile.Second != profile.Third)) return new PcmmError(PcmmErrorCode.MulticastQosError);
        UInt128 group = classifiers[0].Destination;
        EmulatedGate? sharing = _gates.Values.FirstOrDefault(g => g.SharedResource is not null && g.Classifiers[0].Destination == group);
        if (sharing is null) return default;
        if (sharing.Profile.First.Resequencing != profile.First.Resequencing) return new PcmmError(PcmmErrorCode.MulticastResequencingMismatch);
        if (sharing.Profile != profile) return new PcmmError(PcmmErrorCode.MulticastQosError);
        return sharing.Spec.SessionClass != spec.SessionClass || sharing.Spec.Tos != spec.Tos ? new PcmmError(PcmmErrorCode.MulticastGateSpecIncompatible) : default;
    }

    private uint SharedResourceOf(UInt128 group)
    {
        if (!_sharedResources.TryGetValue(group, out uint id)) _sharedResources.Add(group, id = ++_lastFlow | 0x8000_0000);
        return id;
    }

    private static bool IsMulticast(Classifier classifier) => classifier.Kind == ClassifierKind.Ipv6
        ? (byte)(classifier.Destination >> 120) == 0xFF
        : (classifier.Destination >> 28) == 0xE;

    private Modem? FindModem(SubscriberId subscriber)
    {
        if (_modems.TryGetValue(subscriber, out Modem? known)) return known;
        foreach ((SubscriberPrefix range, SubscriberId behind) in _settings.Cpes)
        {
            if (range.Contains(subscriber)) return subscriber == behind ? null : FindModem(behind);
        }
        foreach (SubscriberPrefix range in _settings.Modems)
        {
            if (!range.Contains(subscriber)) continue;
            var modem = new Modem(subscriber, _settings.Docsis10Modems.Any(p => p.Contains(subscriber)));
            _modems.Add(subscriber, modem);
            return modem;
        }
        return null;
    }

    private GateId NextGateId()
    {
        do _lastGate++;
        while (_lastGate == 0 || _gates.ContainsKey(_lastGate));
        Debug.Assert(_lastGate != 0, "zero is no gate");
        return new GateId(_lastGate);
    }

    private double RandomShare() => RandomNumber() / (uint.MaxValue + 1.0);
}
