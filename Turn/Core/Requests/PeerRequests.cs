using MediaRelay.Stun;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.Allocations;
using MediaRelay.Turn.Peers;

namespace MediaRelay.Turn.Requests;

/// <summary>CreatePermission (RFC 8656 section 10.2) and ChannelBind (section 12.2), and the peer policy for all methods.</summary>
internal sealed class PeerRequests(RelayState state, Answers answers)
{
    public int CreatePermission(ref RequestContext request)
    {
        // First everything is checked, then everything installed: one bad address refuses the whole request.
        var count = 0;
        foreach (var attribute in request.Message)
        {
            if (attribute.Type != StunAttributeType.XorPeerAddress)
            {
                continue;
            }

            if (!request.Message.TryReadAddress(attribute, out var peer) || ++count > state.Limits.PeersPerRequest)
            {
                return answers.Error(ref request, StunErrorCode.BadRequest, RefusalReason.BadAttribute);
            }

            var code = Check(ref request, peer, checkPort: false, out _, out var reason);
            if (code != StunErrorCode.None)
            {
                return Refuse(ref request, code, reason, peer);
            }
        }

        if (count == 0)
        {
            return answers.Error(ref request, StunErrorCode.BadRequest, RefusalReason.BadAttribute);
        }

        if (!HasRoom(ref request))
        {
            state.Counters.CapacityRefusals++;
            return answers.Error(ref request, StunErrorCode.InsufficientCapacity, RefusalReason.TooManyPermissions, state.Limits.Permissions);
        }

        foreach (var attribute in request.Message)
        {
            if (attribute.Type == StunAttributeType.XorPeerAddress && request.Message.TryReadAddress(attribute, out var peer))
            {
                var verdict = state.Peers.CheckAddress(peer, state.Users[state.Allocations[request.Allocation].User].Kind);
                state.Allocations.Peers.TryPermit(request.Allocation, peer, verdict, request.Now, request.Commands);
            }
        }

        var writer = Answers.Success(ref request);
        return answers.Finish(ref request, ref writer);
    }

    public int ChannelBind(ref RequestContext request)
    {
        ref readonly var message = ref request.Message;
        if (!message.TryGetChannelNumber(out var number)
            || !(ChannelData.IsValidNumber(number) || (state.Settings.AllowsOldChannelNumbers && number >> 14 == 1))
            || !message.TryGetAddress(StunAttributeType.XorPeerAddress, out var peer)
            || peer.Port == 0
            || state.Allocations[request.Allocation].IsTcp)
        {
            return answers.Error(ref request, StunErrorCode.BadRequest, RefusalReason.BadAttribute);
        }

        var code = Check(ref request, peer, checkPort: true, out var verdict, out var reason);
        if (code != StunErrorCode.None)
        {
            return Refuse(ref request, code, reason, peer);
        }

        var table = state.Allocations.Peers;
        ref var allocation = ref state.Allocations[request.Allocation];
        var byNumber = table.FindChannel(ref allocation, number, request.Now);
        var byPeer = table.FindChannel(ref allocation, peer, request.Now);
        if (byNumber != byPeer)
        {
            return answers.Error(ref request, StunErrorCode.BadRequest, RefusalReason.ChannelConflict);
        }

        if (byNumber < 0 && allocation.ChannelCount >= state.Limits.Channels)
        {
            state.Counters.CapacityRefusals++;
            return answers.Error(ref request, StunErrorCode.InsufficientCapacity, RefusalReason.TooManyChannels, state.Limits.Channels);
        }

        if (!table.TryPermit(request.Allocation, peer, verdict, request.Now, request.Commands)
            || !table.TryBind(request.Allocation, number, peer, request.Now, request.Commands))
        {
            state.Counters.CapacityRefusals++;
            return answers.Error(ref request, StunErrorCode.InsufficientCapacity, RefusalReason.TooManyPermissions, state.Limits.Permissions);
        }

        var writer = Answers.Success(ref request);
        return answers.Finish(ref request, ref writer);
    }

    /// <summary>Family (443), policy and session scope (403) of one peer, in this order.</summary>
    public StunErrorCode Check(ref RequestContext request, TransportAddress peer, bool checkPort, out PeerVerdict verdict, out RefusalReason reason)
    {
        ref var allocation = ref state.Allocations[request.Allocation];
        verdict = PeerVerdict.Refused;
        reason = RefusalReason.PeerFamily;
        if (!allocation.Has(peer.Family))
        {
            return StunErrorCode.PeerAddressFamilyMismatch;
        }

        ref var user = ref state.Users[allocation.User];
        verdict = state.Peers.CheckAddress(peer, user.Kind);
        reason = RefusalReason.PeerPolicy;
        if (verdict == PeerVerdict.Refused || (checkPort && !state.Peers.IsAllowed(peer, user.Kind)))
        {
            state.Counters.ForbiddenPeers++;
            return StunErrorCode.Forbidden;
        }

        // Relays of the cluster are peers of every session.
        if (verdict == PeerVerdict.Allowed && user.Scope is { } scope && !scope.Covers(peer))
        {
            state.Counters.ScopeStrangers++;
            reason = RefusalReason.PeerScope;
            return state.Credentials.PeerScope == PeerScopeMode.Enforce ? StunErrorCode.Forbidden : StunErrorCode.None;
        }

        return StunErrorCode.None;
    }

    /// <summary>The error for a peer that <see cref="Check"/> refused; the log names the peer.</summary>
    public int Refuse(ref RequestContext request, StunErrorCode code, RefusalReason reason, TransportAddress peer)
    {
        var length = answers.Error(ref request, code, reason);
        state.Outcome = state.Outcome with { Peer = peer };
        return length;
    }

    /// <summary>Will all new permissions fit? Counted before anything is installed.</summary>
    private bool HasRoom(ref RequestContext request)
    {
        ref var allocation = ref state.Allocations[request.Allocation];
        Span<TransportAddress> added = stackalloc TransportAddress[state.Limits.PeersPerRequest];
        var count = 0;
        foreach (var attribute in request.Message)
        {
            if (attribute.Type != StunAttributeType.XorPeerAddress || !request.Message.TryReadAddress(attribute, out var peer))
            {
                continue;
            }

            if (state.Allocations.Peers.FindPermission(ref allocation, peer, request.Now) < 0 && !added[..count].Contains(peer.WithPort(0)))
            {
                added[count++] = peer.WithPort(0);
            }
        }

        return allocation.PermissionCount + count <= state.Limits.Permissions;
    }
}
