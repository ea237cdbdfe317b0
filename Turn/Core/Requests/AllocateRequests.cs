using MediaRelay.Stun;
using MediaRelay.Turn.Allocations;
using MediaRelay.Turn.Limits;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.Requests;

/// <summary>Allocate (RFC 8656 section 7.2, RFC 6062 section 5.1, RFC 8016 section 3.1.2). The numbers in the code are the steps of section 7.2.</summary>
internal sealed class AllocateRequests(RelayState state, Answers answers, Mobility? mobility)
{
    private const byte Udp = 17;
    private const byte Tcp = 6;

    /// <summary>The number of ADDITIONAL-ADDRESS-FAMILY in coturn 4.6, which its clients still send.</summary>
    private const StunAttributeType OldAdditionalFamily = (StunAttributeType)0x8032;

    private readonly ReservationTable _reservations = new(state);
    private int _nextAlternate;

    public ReservationTable Reservations => _reservations;

    public int Handle(ref RequestContext request)
    {
        // 2. One allocation per five-tuple; a retransmission gets the same answer.
        if (request.Allocation >= 0)
        {
            ref var existing = ref state.Allocations[request.Allocation];
            return existing.Transaction == request.Message.TransactionId && IsSameUser(ref request, existing.User)
                ? Succeed(ref request, request.Allocation)
                : answers.Error(ref request, StunErrorCode.AllocationMismatch, RefusalReason.AllocationExists);
        }

        var code = Read(ref request, out var wish, out var reason);
        if (code != StunErrorCode.None)
        {
            return answers.Error(ref request, code, reason);
        }

        // 11. Redirection, once it is known that the client is one of ours.
        var isFull = state.Allocations.Count >= state.Limits.Allocations;
        if (state.IsDraining || state.Alternates.Mode == RedirectMode.Always || (isFull && state.Alternates.Mode == RedirectMode.WhenFull))
        {
            if (TryChooseAlternate(ref request, out var alternate))
            {
                return answers.Redirect(ref request, alternate);
            }

            if (state.IsDraining)
            {
                return answers.Error(ref request, StunErrorCode.InsufficientCapacity, RefusalReason.Draining);
            }
        }

        if (isFull)
        {
            state.Counters.CapacityRefusals++;
            return answers.Error(ref request, StunErrorCode.InsufficientCapacity, RefusalReason.NodeCapacity, state.Limits.Allocations);
        }

        return Create(ref request, wish);
    }

    /// <summary>The success answer; also built again for a retransmission and after a failed port was replaced.</summary>
    public int Succeed(ref RequestContext request, int position)
    {
        ref var allocation = ref state.Allocations[position];
        var writer = Answers.Success(ref request);
        AddRelayed(ref writer, allocation.V4);
        AddRelayed(ref writer, allocation.V6);
        if (allocation.MissingFamily != IpFamily.None)
        {
            writer.AddAddressError(allocation.MissingFamily, allocation.MissingCode);
        }

        writer.AddLifetime((uint)Math.Ceiling((allocation.NextExpiry - request.Now).TotalSeconds));
        if (allocation.ReservationToken != 0)
        {
            writer.AddUInt64(StunAttributeType.ReservationToken, allocation.ReservationToken);
        }

        if (allocation.IsMobile && mobility is not null)
        {
            mobility.WriteTicket(position, writer.AddInPlace(StunAttributeType.MobilityTicket, Mobility.TicketLength));
        }

        writer.AddAddress(StunAttributeType.XorMappedAddress, request.From.Client);
        return answers.Finish(ref request, ref writer);
    }

    /// <summary>A bound port could not be opened: take others, or give up after a few tries.</summary>
    public int ReplacePorts(ref RequestContext request, int position, RelayPort failed)
    {
        ref var allocation = ref state.Allocations[position];
        var family = state.Ports[failed.AddressIndex].Address.Family;
        ref var half = ref allocation.Of(family);
        if (++allocation.PortAttempts < 4 && allocation.ReservationToken == 0 && half.IsActive && half.Port == failed)
        {
            state.Ports[failed.AddressIndex].Release(failed.Port, request.Now);
            half.IsActive = false;
            if (TryTakePort(position, family, even: (failed.Port & 1) == 0, pair: false, request.Now, request.Commands, out _))
            {
                return Succeed(ref request, position);
            }
        }

        _reservations.Cancel(allocation.ReservationToken, request.Now, request.Commands);
        state.Allocations.Remove(position, AllocationEnd.PortFailed, request.Now, request.Commands);
        state.Counters.CapacityRefusals++;
        return answers.Error(ref request, StunErrorCode.InsufficientCapacity, RefusalReason.NoPort);
    }

    private bool IsSameUser(ref RequestContext request, int user) => state.Users[user].Name.AsSpan().SequenceEqual(NameOf(ref request));

    private static ReadOnlySpan<byte> NameOf(ref RequestContext request) =>
        request.UserName.IsEmpty ? request.Caller.HashedName.Span : request.UserName;

    private StunErrorCode Read(ref RequestContext request, out AllocateWish wish, out RefusalReason reason)
    {
        ref readonly var message = ref request.Message;
        wish = default;
        reason = RefusalReason.BadAttribute;

        // 3. REQUESTED-TRANSPORT.
        if (!message.TryGetRequestedTransport(out var protocol))
        {
            return StunErrorCode.BadRequest;
        }

        if (protocol is not (Udp or Tcp) || (protocol == Tcp && !state.Settings.AllowsTcpRelay))
        {
            reason = RefusalReason.UnsupportedTransport;
            return StunErrorCode.UnsupportedTransportProtocol;
        }

        if (protocol == Udp && !state.Settings.AllowsUdpRelay)
        {
            reason = RefusalReason.UnsupportedTransport;
            return StunErrorCode.Forbidden;
        }

        // The gateways' and viewers' credentials name a session; a way into TCP services is not what they are for.
        if (protocol == Tcp && request.Caller.Kind == CredentialKinds.Timed && TimedName.TryRead(request.UserName, out var timed) && timed.Scope.Contains((byte)'~'))
        {
            reason = RefusalReason.UnsupportedTransport;
            return StunErrorCode.Forbidden;
        }

        wish.IsTcp = protocol == Tcp;
        var hasEven = message.Has(StunAttributeType.EvenPort);
        var hasToken = message.Has(StunAttributeType.ReservationToken);
        if (wish.IsTcp && (!request.Listener.IsStream || hasEven || hasToken || message.Has(StunAttributeType.DontFragment)))
        {
            return StunErrorCode.BadRequest;
        }

        var additional = message.Has(StunAttributeType.AdditionalAddressFamily) ? StunAttributeType.AdditionalAddressFamily : OldAdditionalFamily;
        var hasAdditional = message.Has(additional);
        var hasFamily = message.Has(StunAttributeType.RequestedAddressFamily);

        // 5. and 6. What excludes each other.
        if ((hasToken && (hasEven || hasFamily || hasAdditional || !message.TryGetReservationToken(out wish.Token)))
            || (hasFamily && hasAdditional)
            || (hasEven && !message.TryGetEvenPort(out wish.ReservesNext))
            || (wish.ReservesNext && hasAdditional)
            || (message.Has(StunAttributeType.Lifetime) && !message.TryGetLifetime(out wish.LifetimeSeconds)))
        {
            return StunErrorCode.BadRequest;
        }

        wish.HasToken = hasToken;
        wish.IsEven = hasEven;
        var code = ReadFamily(message, hasFamily, hasAdditional, additional, ref wish, ref reason);
        return code == StunErrorCode.None ? ReadTicket(message, ref wish, ref reason) : code;
    }

    private StunErrorCode ReadFamily(in StunMessage message, bool hasFamily, bool hasAdditional, StunAttributeType additional, ref AllocateWish wish, ref RefusalReason reason)
    {
        wish.Family = IpFamily.V4;
        if (hasFamily && !message.TryGetFamily(StunAttributeType.RequestedAddressFamily, out wish.Family))
        {
            if (!message.TryGetUInt32(StunAttributeType.RequestedAddressFamily, out _))
            {
                return StunErrorCode.BadRequest;
            }

            reason = RefusalReason.UnsupportedFamily;
            return StunErrorCode.AddressFamilyNotSupported;
        }

        // 9. Only IPv6 can be additional.
        if (hasAdditional && (!message.TryGetFamily(additional, out var other) || other != IpFamily.V6))
        {
            return StunErrorCode.BadRequest;
        }

        wish.IsDual = hasAdditional;

        // 7. A family this node does not serve. In a dual request the other one may still be had.
        if (!wish.HasToken && !wish.IsDual && !state.Supports(wish.Family))
        {
            reason = RefusalReason.UnsupportedFamily;
            return StunErrorCode.AddressFamilyNotSupported;
        }

        return StunErrorCode.None;
    }

    private StunErrorCode ReadTicket(in StunMessage message, ref AllocateWish wish, ref RefusalReason reason)
    {
        if (!message.TryGet(StunAttributeType.MobilityTicket, out var ticket))
        {
            return StunErrorCode.None;
        }

        if (!ticket.IsEmpty)
        {
            return StunErrorCode.BadRequest;
        }

        wish.IsMobile = true;
        reason = RefusalReason.MobilityForbidden;
        return mobility is null ? StunErrorCode.MobilityForbidden : StunErrorCode.None;
    }

    private int Create(ref RequestContext request, in AllocateWish wish)
    {
        RelayPort reserved = default;
        if (wish.HasToken && !_reservations.TryFind(wish.Token, request.Now, out reserved))
        {
            return answers.Error(ref request, StunErrorCode.InsufficientCapacity, RefusalReason.BadReservation);
        }

        // 10. Quotas by credential and subscriber.
        var limits = state.Limits;
        if (!state.Users.TryEnter(NameOf(ref request), request.Caller, limits, out var user, out var reason))
        {
            state.Counters.QuotaRefusals++;
            var limit = reason == RefusalReason.UserQuota ? limits.AllocationsPerUser : limits.AllocationsPerSubscriber;
            return answers.Error(ref request, StunErrorCode.AllocationQuotaReached, reason, limit);
        }

        var position = state.Allocations.Create(request.From, user, request.Message.TransactionId, request.Now);
        ref var allocation = ref state.Allocations[position];
        allocation.IsTcp = wish.IsTcp;
        allocation.IsMobile = wish.IsMobile;
        allocation.ByteCost = ByteCostOf(user);
        if (!TryGivePorts(ref request, position, wish, reserved, out var code))
        {
            RemoveSilently(ref request, position);
            state.Counters.CapacityRefusals++;
            return answers.Error(ref request, code, code == StunErrorCode.AddressFamilyNotSupported ? RefusalReason.UnsupportedFamily : RefusalReason.NoPort);
        }

        var left = Lifetimes.UntilLatestEnd(state.Users[user].Kind, request.Now, request.Now, limits);
        var lifetime = Lifetimes.Grant(wish.LifetimeSeconds, limits, Lifetimes.Shorter(left, request.Caller.TokenLifetime));
        state.Allocations.SetExpiry(position, IpFamily.None, request.Now + lifetime);
        state.Counters.AllocationsCreated++;
        request.Commands.Add(new RelayCommand
        {
            Kind = RelayCommandKind.AllocationCreated,
            Client = request.From,
            Port = allocation.V4.IsActive ? allocation.V4.Port : allocation.V6.Port,
            IsTcp = wish.IsTcp,
            UserName = state.Users[user].Name,
        });
        request.Allocation = position;
        if (wish.IsMobile)
        {
            mobility!.Begin(position);
        }

        return Succeed(ref request, position);
    }

    private bool TryGivePorts(ref RequestContext request, int position, in AllocateWish wish, RelayPort reserved, out StunErrorCode code)
    {
        ref var allocation = ref state.Allocations[position];
        code = StunErrorCode.InsufficientCapacity;
        if (wish.HasToken)
        {
            _reservations.Claim(wish.Token, position);
            ref var half = ref allocation.Of(state.Ports[reserved.AddressIndex].Address.Family);
            half.Port = reserved;
            half.IsActive = true;
            return true;
        }

        if (!wish.IsDual)
        {
            return TryTakePort(position, wish.Family, wish.IsEven, wish.ReservesNext, request.Now, request.Commands, out code);
        }

        var hasV4 = TryTakePort(position, IpFamily.V4, wish.IsEven, pair: false, request.Now, request.Commands, out var codeV4);
        var hasV6 = TryTakePort(position, IpFamily.V6, wish.IsEven, pair: false, request.Now, request.Commands, out var codeV6);
        if (hasV4 != hasV6)
        {
            allocation.MissingFamily = hasV4 ? IpFamily.V6 : IpFamily.V4;
            allocation.MissingCode = hasV4 ? codeV6 : codeV4;
        }

        return hasV4 || hasV6;
    }

    private bool TryTakePort(int position, IpFamily family, bool even, bool pair, TimeSpan now, List<RelayCommand> commands, out StunErrorCode code)
    {
        code = StunErrorCode.AddressFamilyNotSupported;
        var best = -1;
        for (var i = 0; i < state.Ports.Length; i++)
        {
            if (state.Ports[i].Address.Family == family && (best < 0 || state.Ports[i].FreeCount > state.Ports[best].FreeCount))
            {
                best = i;
            }
        }

        if (best < 0)
        {
            return false;
        }

        code = StunErrorCode.InsufficientCapacity;
        var ports = state.Ports[best];
        if (!(pair ? ports.TryTakePair(position, now, out var port) : ports.TryTake(position, even, now, out port)))
        {
            return false;
        }

        ref var allocation = ref state.Allocations[position];
        ref var half = ref allocation.Of(family);
        half.Port = new RelayPort((byte)best, port);
        half.IsActive = true;
        commands.Add(new RelayCommand { Kind = RelayCommandKind.OpenPort, Port = half.Port, IsTcp = allocation.IsTcp });
        if (pair)
        {
            var next = new RelayPort((byte)best, (ushort)(port + 1));
            allocation.ReservationToken = _reservations.Add(next, now + state.Limits.ReservationLifetime);
            commands.Add(new RelayCommand { Kind = RelayCommandKind.OpenPort, Port = next });
        }

        code = StunErrorCode.None;
        return true;
    }

    private void RemoveSilently(ref RequestContext request, int position)
    {
        var before = request.Commands.Count;
        state.Allocations.Remove(position, AllocationEnd.PortFailed, request.Now, request.Commands);
        request.Commands.RemoveRange(before, request.Commands.Count - before);
    }

    private long ByteCostOf(int user)
    {
        var scopeRate = state.Users[user].Scope?.KiloBitsPerSecond ?? 0;
        // A session's own rate comes from its SDP; a quarter more covers headers and bursts.
        var rate = scopeRate > 0 ? scopeRate * 1250L : state.Limits.AllocationBitRate;
        return rate > 0 ? TokenBucket.CostOf(rate / 8.0) : 0;
    }

    private bool TryChooseAlternate(ref RequestContext request, out TransportAddress alternate)
    {
        var list = request.Listener.Transport is ClientTransport.Tls or ClientTransport.Dtls ? state.Alternates.TlsAddresses : state.Alternates.Addresses;
        for (var i = 0; i < list.Count; i++)
        {
            alternate = list[(_nextAlternate + i) % list.Count];
            if (alternate.Family == request.From.Client.Family)
            {
                _nextAlternate = (_nextAlternate + i + 1) % list.Count;
                return true;
            }
        }

        alternate = default;
        return false;
    }

    private void AddRelayed(ref StunWriter writer, in RelayedAddress relayed)
    {
        if (relayed.IsActive)
        {
            writer.AddAddress(StunAttributeType.XorRelayedAddress, state.Ports[relayed.Port.AddressIndex].Address.WithPort(relayed.Port.Port));
        }
    }

    private struct AllocateWish
    {
        public bool IsTcp;
        public bool IsEven;
        public bool ReservesNext;
        public bool HasToken;
        public bool IsDual;
        public bool IsMobile;
        public ulong Token;
        public uint LifetimeSeconds;
        public IpFamily Family;
    }
}
