using MediaRelay.Stun;
using MediaRelay.Turn.Allocations;

namespace MediaRelay.Turn.Requests;

/// <summary>Refresh (RFC 8656 section 8.2), with a mobility ticket RFC 8016 section 3.2.2.</summary>
internal sealed class RefreshRequests(RelayState state, Answers answers, Mobility? mobility)
{
    public int Handle(ref RequestContext request)
    {
        ref readonly var message = ref request.Message;
        var position = request.Allocation;
        ref var allocation = ref state.Allocations[position];
        uint seconds = 0;
        if (message.Has(StunAttributeType.Lifetime) && !message.TryGetLifetime(out seconds))
        {
            return answers.Error(ref request, StunErrorCode.BadRequest, RefusalReason.BadAttribute);
        }

        var family = IpFamily.None;
        if (message.Has(StunAttributeType.RequestedAddressFamily)
            && (!message.TryGetFamily(StunAttributeType.RequestedAddressFamily, out family) || !allocation.Has(family)))
        {
            return message.TryGetUInt32(StunAttributeType.RequestedAddressFamily, out _)
                ? answers.Error(ref request, StunErrorCode.PeerAddressFamilyMismatch, RefusalReason.PeerFamily)
                : answers.Error(ref request, StunErrorCode.BadRequest, RefusalReason.BadAttribute);
        }

        var hasTicket = message.Has(StunAttributeType.MobilityTicket);
        if (hasTicket && !mobility!.TryMove(ref request, position))
        {
            return answers.Error(ref request, StunErrorCode.BadRequest, RefusalReason.BadTicket);
        }

        if (message.Has(StunAttributeType.Lifetime) && seconds == 0)
        {
            return Delete(ref request, position, family);
        }

        var left = Lifetimes.UntilLatestEnd(state.Users[allocation.User].Kind, allocation.Created, request.Now, state.Limits);
        var lifetime = Lifetimes.Grant(seconds, state.Limits, Lifetimes.Shorter(left, request.Caller.TokenLifetime));
        state.Allocations.SetExpiry(position, family, request.Now + lifetime);
        if (request.Caller.Kind == Peers.CredentialKinds.Token)
        {
            state.Users[allocation.User].Key = request.Caller.Key;
        }

        var writer = Answers.Success(ref request);
        writer.AddLifetime((uint)lifetime.TotalSeconds);
        if (hasTicket)
        {
            mobility!.WriteTicket(position, writer.AddInPlace(StunAttributeType.MobilityTicket, Mobility.TicketLength));
        }

        return answers.Finish(ref request, ref writer);
    }

    private int Delete(ref RequestContext request, int position, IpFamily family)
    {
        var writer = Answers.Success(ref request);
        writer.AddLifetime(0);
        var length = answers.Finish(ref request, ref writer);
        if (family != IpFamily.None && state.Allocations[position].IsDual)
        {
            state.Allocations.RemoveHalf(position, family, request.Now, request.Commands);
        }
        else
        {
            state.Counters.AllocationsDeleted++;
            state.Allocations.Remove(position, AllocationEnd.Deleted, request.Now, request.Commands);
        }

        return length;
    }
}
