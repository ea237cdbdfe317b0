using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cmts;

/// <content>What happens to gates by themselves: timers, traffic, modems; and how it is reported and synchronised.</content>
public sealed partial class CmtsEmulator
{
    private const int SynchChunk = 64 * 1024;
    private const int MaxSynchs = 4;
    private readonly Dictionary<int, List<SynchRun>> _synchs = [];
    private readonly List<UnconfirmedReport> _unconfirmed = [];
    private bool _hasLostReports;

    private sealed record UnconfirmedReport(uint Key, Psid? Psid, EmulatedGate Gate, GateState State, GateReason Reason);

    /// <summary>A synchronisation under way: what is still to be reported.</summary>
    private sealed class SynchRun
    {
        public required ushort Transaction { get; init; }

        public Amid? Amid { get; init; }

        public Psid? Psid { get; init; }

        public required bool IsComplete { get; init; }

        public required IReadOnlyList<UnconfirmedReport> Gates { get; init; }

        public required bool IsIncremental { get; init; }

        public int Next { get; set; }
    }

    /// <summary>A packet on the cable: counted for the gate whose classifier matches with the highest priority.</summary>
    /// <param name="direction">Upstream: the modem's home sent it.</param>
    /// <param name="packet">Its five-tuple and marking.</param>
    /// <param name="ipBytes">Size of the IP packet.</param>
    /// <returns>The gate that carried it, or null for the default flow.</returns>
    public GateId? HandlePacket(GateDirection direction, in PacketTuple packet, int ipBytes, TimeSpan now, List<LinkCommand> commands)
    {
        const int Ethernet = 18;
        var home = new SubscriberId(direction == GateDirection.Upstream ? packet.Source : packet.Destination, packet.IsV6);
        if (FindModem(home) is not { } modem) return null;
        EmulatedGate? best = null;
        int priority = -1;
        foreach (EmulatedGate gate in modem.Gates)
        {
            if (gate.Spec.Direction != direction || gate.State is not (GateState.Committed or GateState.CommittedRecovery)) continue;
            foreach (Classifier classifier in gate.Classifiers)
            {
                if (classifier.Activation != 1 || classifier.Priority <= priority || !classifier.Matches(packet)) continue;
                best = gate;
                priority = classifier.Priority;
            }
        }
        if (best is null) return null;
        GateId id = best.Id;
        Count(best, (ulong)(ipBytes + Ethernet), now);
        Flush(commands);
        return id;
    }

    /// <summary>Traffic for every committed gate at a share of its committed rate, for the time that has passed.</summary>
    public void GenerateTraffic(double share, TimeSpan elapsed, TimeSpan now, List<LinkCommand> commands)
    {
        foreach (EmulatedGate gate in _gates.Values.ToArray())
        {
            double bytes = gate.Committed / 8 * elapsed.TotalSeconds * share;
            if (bytes >= 1 && gate.State == GateState.Committed) Count(gate, (ulong)bytes, now);
        }
        Flush(commands);
    }

    /// <summary>A modem goes away without a word: its gates end for lack of DOCSIS responses.</summary>
    public void LoseModem(SubscriberId address, TimeSpan now, List<LinkCommand> commands)
    {
        if (FindModem(address) is not { } modem) return;
        modem.IsOnline = false;
        foreach (EmulatedGate gate in modem.Gates.ToArray()) CloseGate(gate, GateReason.NoDocsisResponse, now);
        Flush(commands);
    }

    public void RestoreModem(SubscriberId address)
    {
        if (FindModem(address) is { } modem) modem.IsOnline = true;
    }

    /// <summary>A modem re-registers: it has forgotten its dynamic flows, which are no longer maintained.</summary>
    public void ResetModem(SubscriberId address, TimeSpan now, List<LinkCommand> commands)
    {
        if (FindModem(address) is not { } modem) return;
        foreach (EmulatedGate gate in modem.Gates.ToArray()) CloseGate(gate, GateReason.NoReservationMaintenance, now);
        Flush(commands);
    }

    /// <summary>An operator at the CMTS clears a gate.</summary>
    public void ClearGate(GateId id, TimeSpan now, List<LinkCommand> commands)
    {
        if (_gates.TryGetValue(id.Value, out EmulatedGate? gate)) CloseGate(gate, GateReason.ClosedOther, now);
        Flush(commands);
    }

    private void Count(EmulatedGate gate, ulong bytes, TimeSpan now)
    {
        GateTransition transition = gate.HandleTraffic(bytes, now);
        if (!transition.IsNone) Report(gate, transition.State, transition.Reason, now);
        bool isFarOver = _settings.EnforcedLimitFactor > 0 && gate.VolumeLimit > 0 && gate.UsageKilobytes >= gate.VolumeLimit * _settings.EnforcedLimitFactor;
        if (isFarOver) CloseGate(gate, GateReason.ClosedByVolumeLimit, now);
        else _deadlines.Set(gate, gate.NextEvent);
    }

    private void HandleGateDeadline(EmulatedGate gate, TimeSpan now)
    {
        if (gate.EnforceAt <= now)
        {
            CloseGate(gate, GateReason.ClosedByTimeLimit, now);
            return;
        }
        while (true)
        {
            GateTransition transition = gate.HandleDeadline(now);
            if (transition.IsNone) break;
            if (transition.Reason == GateReason.ReservationReduced) SetReserved(gate, gate.Committed);
            Report(gate, transition.State, transition.Reason, now);
            if (!transition.IsClosed) continue;
            RemoveGate(gate);
            return;
        }
        Schedule(gate, now);
    }

    private void Schedule(EmulatedGate gate, TimeSpan now)
    {
        bool counts = gate.State is GateState.Committed or GateState.CommittedRecovery;
        gate.EnforceAt = counts && _settings.EnforcedLimitFactor > 0 && gate.TimeLimit > 0
            ? now + ((TimeSpan.FromSeconds(gate.TimeLimit * _settings.EnforcedLimitFactor) - gate.CommittedTime(now)) / _settings.TimeScale)
            : null;
        _deadlines.Set(gate, gate.NextEvent);
    }

    private void CloseGate(EmulatedGate gate, GateReason reason, TimeSpan now)
    {
        GateTransition closed = gate.Close(reason, now);
        Report(gate, closed.State, closed.Reason, now);
        RemoveGate(gate);
    }

    /// <summary>Tells the policy server: the connection that set the gate, else one of the same PSID, else one from the same address.</summary>
    private void Report(EmulatedGate gate, GateState state, GateReason reason, TimeSpan now)
    {
        PepAssociation? peer = FindPeer(gate);
        if (peer is null)
        {
            Counters.ReportsDropped++;
            if (_settings.SupportsIncrementalSynch) Keep(new UnconfirmedReport(0, gate.Psid, gate, state, reason));
            return;
        }
        Counters.Reports++;
        CopsWriter writer = peer.Connection.BeginReport(CopsReportType.Accounting, 256);
        writer.AddTransaction(0, GateCommand.GateReportState);
        AddGate(ref writer, gate, state, reason, isComplete: false, peer.Connection.Version.Layout, now);
        if (peer.IsConfigured)
        {
            _lastReceiptKey++;
            writer.AddReceiptKey(_lastReceiptKey);
            peer.Await(_lastReceiptKey);
            if (_settings.SupportsIncrementalSynch) Keep(new UnconfirmedReport(_lastReceiptKey, gate.Psid, gate, state, reason));
        }
        peer.Connection.Commit(ref writer);
    }

    private PepAssociation? FindPeer(EmulatedGate gate)
    {
        if (_links.TryGetValue(gate.Link, out PepAssociation? own) && own.Connection.IsOpen) return own;
        PepAssociation? sameAddress = null;
        foreach (PepAssociation peer in _links.Values)
        {
            if (!peer.Connection.IsOpen) continue;
            if (gate.Psid is { } psid && peer.Psid == psid) return peer;
            if (peer.Peer == gate.Peer) sameAddress ??= peer;
        }
        return sameAddress;
    }

    private void Keep(UnconfirmedReport report)
    {
        if (_unconfirmed.Count >= _settings.MaxUnconfirmedReports)
        {
            _unconfirmed.RemoveAt(0);
            _hasLostReports = true;
        }
        _unconfirmed.Add(report);
    }

    /// <summary>A receipt confirms its report and all before it on the same connection.</summary>
    private PcmmError HandleReceipt(PepAssociation peer, in PcmmMessage command)
    {
        if (!command.TryGetReceiptKey(out uint key) || !peer.Unconfirmed.Contains(key)) return default;
        uint confirmed;
        do
        {
            confirmed = peer.Unconfirmed.Dequeue();
            int kept = _unconfirmed.FindIndex(r => r.Key == confirmed);
            if (kept >= 0) _unconfirmed.RemoveAt(kept);
        }
        while (confirmed != key);
        return default;
    }

    private PcmmError HandleSynchRequest(PepAssociation peer, in PcmmMessage command, TimeSpan now)
    {
        if (!peer.IsConfigured) return new PcmmError(PcmmErrorCode.UnauthorizedPsid);
        if (!command.TryGetSynchOptions(out SynchOptions options) || (options.IsComplete && options.IsIncremental)) return PcmmError.Value(PcmmObject.SynchOptions, 1);
        if (!_synchs.TryGetValue(peer.Link, out List<SynchRun>? runs)) _synchs.Add(peer.Link, runs = []);
        if (runs.Count >= MaxSynchs) return new PcmmError(PcmmErrorCode.InsufficientResources);
        Amid? amid = command.TryGetAmid(out Amid wanted) ? wanted : null;
        Psid? psid = command.TryGetPsid(out Psid named) ? named : null;
        bool hasSubscriber = command.TryGetSubscriber(out SubscriberId subscriber);
        if (options.IsIncremental)
        {
            if (!_settings.SupportsIncrementalSynch) return new PcmmError(PcmmErrorCode.UnsupportedSynchType);
            if (!peer.HadState) return new PcmmError(PcmmErrorCode.NoStateForPdp);
            if (_hasLostReports)
            {
                _hasLostReports = false;
                return new PcmmError(PcmmErrorCode.StateDataIncomplete);
            }
        }
        else if (hasSubscriber && FindModem(subscriber) is null)
        {
            return new PcmmError(PcmmErrorCode.InvalidSubscriberId);
        }
        Counters.Synchronisations++;
        runs.Add(new SynchRun
        {
            Transaction = command.Transaction, Amid = amid, Psid = psid, IsComplete = options.IsComplete, IsIncremental = options.IsIncremental,
            Gates = options.IsIncremental
                ? [.. Rekey(amid, psid)]
                : [.. _gates.Values.Where(g => Matches(g, amid, psid) && (!hasSubscriber || g.Subscriber == subscriber)).Select(g => new UnconfirmedReport(0, psid, g, g.State, GateReason.Other))],
        });
        ContinueSynch(peer, now);
        return default;
    }

    /// <summary>The unconfirmed reports of a scope with new keys, since the old ones belong to a connection that is gone.</summary>
    private List<UnconfirmedReport> Rekey(Amid? amid, Psid? psid)
    {
        var scope = new List<UnconfirmedReport>();
        for (int i = 0; i < _unconfirmed.Count; i++)
        {
            if (Matches(_unconfirmed[i].Gate, amid, psid)) scope.Add(_unconfirmed[i] = _unconfirmed[i] with { Key = ++_lastReceiptKey });
        }
        return scope;
    }

    private static bool Matches(EmulatedGate gate, Amid? amid, Psid? psid) => (amid is null || gate.Owner == amid) && (psid is null || gate.Psid == psid);

    /// <summary>Reports until a chunk is queued; the rest follows when the shell has sent it.</summary>
    private void ContinueSynch(PepAssociation peer, TimeSpan now)
    {
        List<SynchRun> runs = _synchs[peer.Link];
        while (runs.Count > 0 && ContinueSynch(peer, runs[0], now)) runs.RemoveAt(0);
        if (runs.Count == 0) _synchs.Remove(peer.Link);
    }

    private static bool ContinueSynch(PepAssociation peer, SynchRun run, TimeSpan now)
    {
        CopsConnection connection = peer.Connection;
        while (run.Next < run.Gates.Count)
        {
            if (connection.Output.Length >= SynchChunk || !connection.IsOpen) return false;
            (uint key, _, EmulatedGate gate, GateState state, GateReason reason) = run.Gates[run.Next++];
            if (!run.IsIncremental && gate.State == GateState.Closed) continue; // Ended meanwhile, which was reported or acknowledged.
            CopsWriter writer = connection.BeginReport(CopsReportType.Success);
            writer.AddTransaction(run.Transaction, GateCommand.SynchReport);
            AddGate(ref writer, gate, run.IsIncremental ? state : gate.State, reason, run.IsComplete, connection.Version.Layout, now);
            if (run.Psid is { } psid) writer.AddPsid(psid);
            if (run.IsIncremental)
            {
                writer.AddReceiptKey(key);
                peer.Await(key);
            }
            connection.Commit(ref writer);
        }
        CopsWriter end = connection.BeginReport(CopsReportType.Success, 128);
        end.AddTransaction(run.Transaction, GateCommand.SynchComplete);
        if (run.Amid is { } amid) end.AddAmid(amid);
        if (run.Psid is { } scope) end.AddPsid(scope);
        connection.Commit(ref end);
        return true;
    }
}
