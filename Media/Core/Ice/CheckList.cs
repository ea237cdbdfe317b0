using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>The pairs of one generation, best first, and the choice of the next ordinary check (RFC 8445 sections 6.1.2 and 6.1.4).</summary>
internal sealed class CheckList(Generation generation, IceLimits limits)
{
    private readonly List<CandidatePair> pairs = [];
    private readonly Dictionary<(int Base, TransportAddress Remote), CandidatePair> paths = [];
    private bool isRelayTurn;

    public IReadOnlyList<CandidatePair> Pairs => pairs;

    public CandidatePair? Find(int baseIndex, TransportAddress remote) => paths.GetValueOrDefault((baseIndex, remote));

    /// <summary>Adds a pair unless it exists, the families differ, or the list is full of better ones. Returns the pair or null.</summary>
    public CandidatePair? Add(LocalBase local, RemoteCandidate remote, IceRole role)
    {
        if (local.IsGone || !CanPair(local, remote.Address)) return null;
        if (Find(local.Index, remote.Address) is { } known) return known;
        var pair = new CandidatePair(generation, local, remote);
        pair.Recompute(role);
        if (pairs.Count >= limits.Pairs && !TryMakeRoom(pair.Priority)) return null;
        pair.State = HasPendingFoundation(pair.Foundation) ? PairState.Frozen : PairState.Waiting;
        pairs.Insert(PlaceFor(pair.Priority), pair);
        paths.Add((local.Index, remote.Address), pair);
        return pair;
    }

    /// <summary>
    /// The next pair to check, null when nothing waits. Until a pair is valid every second turn goes to a pair with a relay, first to one
    /// with relays at both ends, because that works through any NAT and must not stand behind a long row of hopeless direct pairs.
    /// Pairs at or below the floor are left alone.
    /// </summary>
    public CandidatePair? PickNext(bool hasValid, ulong floor)
    {
        var pick = isRelayTurn ? BestWaiting(relayedEnds: 2, floor) ?? BestWaiting(relayedEnds: 1, floor) : null;
        isRelayTurn = !isRelayTurn && !hasValid;
        return pick ?? BestWaiting(relayedEnds: 0, floor) ?? Thaw(floor);
    }

    /// <summary>Frozen pairs of this foundation may be checked now (RFC 8445 section 7.2.5.3.3).</summary>
    public void Unfreeze(string foundation)
    {
        foreach (var pair in pairs)
            if (pair.State == PairState.Frozen && pair.Foundation == foundation) pair.State = PairState.Waiting;
    }

    /// <summary>New priorities after a change of role or of a remote candidate.</summary>
    public void Recompute(IceRole role)
    {
        foreach (var pair in pairs) pair.Recompute(role);
        pairs.Sort(static (a, b) => b.Priority.CompareTo(a.Priority));
    }

    /// <summary>Stops ordinary checks of the pairs at or below the floor: the nominated pair has won.</summary>
    public void Conclude(ulong floor)
    {
        foreach (var pair in pairs)
        {
            if (pair.Priority > floor) continue;
            if (pair.Check is { IsConsent: false } check && !pair.NominateOnSuccess) check.IsCancelled = true;
            if (pair.IsPending && !pair.NominateOnSuccess) pair.State = PairState.Frozen;
        }
    }

    /// <summary>The TURN server does not relay to this IP address: its pairs fail without waiting for time-outs.</summary>
    public void Refuse(RelayPath relay, TransportAddress peer)
    {
        foreach (var pair in pairs)
        {
            if (pair.Base.Relay != relay || !pair.Remote.Address.HasSameAddress(peer) || pair.State == PairState.Succeeded) continue;
            if (pair.Check is { } check) check.IsCancelled = true;
            pair.State = PairState.Failed;
        }
    }

    /// <summary>Number of checks that run or wait, for the retransmission time (RFC 8445 section 14.3).</summary>
    public int CountActive()
    {
        var count = 0;
        foreach (var pair in pairs)
            if (pair.State is PairState.Waiting or PairState.InProgress) count++;
        return count;
    }

    /// <summary>True when a pair that may still succeed is better than the given priority.</summary>
    public bool HasPendingAbove(ulong priority)
    {
        foreach (var pair in pairs)
        {
            if (pair.Priority <= priority) return false;
            if (pair.IsPending && !pair.Base.IsGone) return true;
        }
        return false;
    }

    public bool HasPending()
    {
        foreach (var pair in pairs)
            if (pair.IsPending) return true;
        return false;
    }

    /// <summary>The best pair that may carry data.</summary>
    public CandidatePair? BestValid(IceRole role)
    {
        CandidatePair? best = null;
        foreach (var pair in pairs)
            if (pair.IsValid && !pair.Base.IsGone && (best is null || pair.ValidPriority(role) > best.ValidPriority(role))) best = pair;
        return best;
    }

    // Reflexive local candidates never appear here, their base does: this is the pruning of RFC 8445 section 6.1.2.4.
    private static bool CanPair(LocalBase local, TransportAddress remote) => local.Address.Family == remote.Family
        && (local.IsRelayed || (IsLinkLocal(local.Address) == IsLinkLocal(remote) && local.Address.IsLoopback == remote.IsLoopback));

    private static bool IsLinkLocal(TransportAddress address) => address.IsV6 && address.Bits >> 118 == 0x3FA;

    private CandidatePair? BestWaiting(int relayedEnds, ulong floor)
    {
        foreach (var pair in pairs)
            if (pair.Priority > floor && pair.State == PairState.Waiting && (pair.Base.IsRelayed ? 1 : 0) + (pair.Remote.IsRelayed ? 1 : 0) >= relayedEnds) return pair;
        return null;
    }

    private CandidatePair? Thaw(ulong floor)
    {
        foreach (var pair in pairs)
        {
            if (pair.Priority <= floor) break;
            if (pair.State != PairState.Frozen || HasPendingFoundation(pair.Foundation)) continue;
            pair.State = PairState.Waiting;
            return pair;
        }
        return null;
    }

    private bool HasPendingFoundation(string foundation)
    {
        foreach (var pair in pairs)
            if (pair.State is PairState.Waiting or PairState.InProgress && pair.Foundation == foundation) return true;
        return false;
    }

    private bool TryMakeRoom(ulong priority)
    {
        for (var i = pairs.Count - 1; i >= 0 && pairs[i].Priority < priority; i--)
        {
            var pair = pairs[i];
            if (pair.State is not (PairState.Frozen or PairState.Waiting or PairState.Failed) || pair.IsProven || pair == generation.Active) continue;
            pairs.RemoveAt(i);
            paths.Remove((pair.Base.Index, pair.Remote.Address));
            return true;
        }
        return false;
    }

    private int PlaceFor(ulong priority)
    {
        var place = 0;
        while (place < pairs.Count && pairs[place].Priority >= priority) place++;
        return place;
    }
}
