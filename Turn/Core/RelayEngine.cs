using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.Allocations;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;
using MediaRelay.Turn.Requests;

namespace MediaRelay.Turn;

/// <summary>
/// A TURN server without a network: the whole state of one shard (RFC 8656, with RFC 6062 and RFC 8016 where enabled). One owner
/// calls it; it knows no clock, socket or thread.
/// </summary>
/// <remarks>
/// <code>
///  datagram from a client --&gt; TryForwardFromClient --true--&gt; send Forward from its relay port
///                                   | false
///                                   v
///                             HandleRequest --&gt; carry out commands, then send the reply (length 0 = silence)
///  datagram on a relay port --&gt; TryForwardFromPeer --true--&gt; send Forward to its client
///  ICMP error on a relay port --&gt; HandlePeerError --&gt; send the message to its client
///  OpenPort failed --&gt; HandlePortFailed (with the same request), its reply replaces the first one
///  NextDeadline --&gt; HandleDeadline --&gt; carry out commands
/// </code>
/// Commands are appended to the caller's list in the order in which they must be carried out; closing what is not open is harmless.
/// </remarks>
public sealed partial class RelayEngine
{
    /// <summary>Bytes that must be free in front of a datagram passed to <see cref="TryForwardFromPeer"/>.</summary>
    public const int Headroom = DataPath.Headroom;

    /// <summary>Bytes that must be free behind it.</summary>
    public const int Tailroom = DataPath.Tailroom;

    /// <summary>Size of a reply buffer that always suffices.</summary>
    public const int MaxReply = 1280;

    private readonly RelayState _state;
    private readonly DataPath _data;
    private readonly Answers _answers;
    private readonly Authenticator _authenticator;
    private readonly AllocateRequests _allocate;
    private readonly RefreshRequests _refresh;
    private readonly PeerRequests _peers;
    private readonly TcpRelay? _tcp;
    private readonly Mobility? _mobility;

    public RelayEngine(RelaySettings settings, RelayLimits limits, RelayCredentials credentials, PeerFilter peers, RandomNumberGenerator random)
    {
        _state = new RelayState(settings, limits, credentials, peers, random);
        _answers = new Answers(_state);
        _authenticator = new Authenticator(_state, _answers);
        _peers = new PeerRequests(_state, _answers);
        _mobility = settings.AllowsMobility ? new Mobility(_state) : null;
        _tcp = settings.AllowsTcpRelay ? new TcpRelay(_state, _answers, _peers) : null;
        _allocate = new AllocateRequests(_state, _answers, _mobility);
        _refresh = new RefreshRequests(_state, _answers, _mobility);
        _data = new DataPath(_state);
        _state.Allocations.Tcp = _tcp;
        _state.Allocations.Mobility = _mobility;
    }

    /// <summary>Plain numbers; any thread may read them.</summary>
    public RelayCounters Counters => _state.Counters;

    /// <summary>What became of the last request.</summary>
    public RelayOutcome LastOutcome => _state.Outcome;

    /// <summary>Allocations alive.</summary>
    public int AllocationCount => _state.Allocations.Count;

    /// <summary>Users with allocations on this shard.</summary>
    public int UserCount => _state.Users.Count;

    /// <summary>When <see cref="HandleDeadline"/> should be called next; null = nothing pending. Finds it without scanning.</summary>
    public TimeSpan? NextDeadline => _state.Deferred.Count > 0 ? TimeSpan.Zero : _state.Wheel.NextDeadline;

    /// <summary>
    /// Which shard a request belongs to when it names something another shard made: a reservation token, mobility ticket or
    /// connection id. The shell hands such a client over.
    /// </summary>
    public static bool TryGetOwningShard(ReadOnlySpan<byte> request, out byte shard)
    {
        shard = 0;
        if (!StunMessage.TryRead(request, out var message, out _) || message.Class != StunClass.Request)
        {
            return false;
        }

        var type = message.Method switch
        {
            StunMethod.Allocate => StunAttributeType.ReservationToken,
            StunMethod.Refresh => StunAttributeType.MobilityTicket,
            StunMethod.ConnectionBind => StunAttributeType.ConnectionId,
            _ => StunAttributeType.Fingerprint,
        };
        var found = message.TryGet(type, out var value) && !value.IsEmpty;
        // A ticket's first byte is the number + 1, see Mobility.
        shard = !found ? (byte)0 : message.Method == StunMethod.Refresh ? (byte)(value[0] - 1) : value[0];
        return found;
    }

    /// <summary>An allocation is reached through this path, or is moving to it.</summary>
    public bool IsPathOfAllocation(in FiveTuple client) => _state.Allocations.Find(client) >= 0 || _mobility?.FindPending(client) >= 0;

    /// <summary>
    /// A ChannelData message or Send indication: true with where its payload goes. False when it is something else or must not
    /// pass; then give it to <see cref="HandleRequest"/>, which is silent about the latter. 0 bytes allocated.
    /// </summary>
    /// <param name="trafficClass">DSCP and ECN of the incoming packet (for streams: of the connection), 0 when unknown.</param>
    public bool TryForwardFromClient(ReadOnlySpan<byte> datagram, in FiveTuple from, byte trafficClass, TimeSpan now, out Forward forward) =>
        _data.TryForwardFromClient(datagram, from, trafficClass, now, out forward);

    /// <summary>
    /// A datagram of <paramref name="length"/> bytes at <paramref name="offset"/>, received on a relay port: true with the message
    /// to send to the client, which was completed in place around it. 0 bytes allocated.
    /// </summary>
    /// <param name="buffer">Has <see cref="Headroom"/> free bytes before the payload and <see cref="Tailroom"/> behind it.</param>
    public bool TryForwardFromPeer(RelayPort port, TransportAddress peer, Span<byte> buffer, int offset, int length, byte trafficClass, TimeSpan now, out Forward forward) =>
        _data.TryForwardFromPeer(port, peer, buffer, offset, length, trafficClass, now, out forward);

    /// <summary>
    /// Anything else from a client. Returns the length of the reply in <paramref name="reply"/> for the same path, 0 for none.
    /// </summary>
    /// <param name="reply">At least <see cref="MaxReply"/> bytes.</param>
    public int HandleRequest(ReadOnlySpan<byte> request, in FiveTuple from, TimeSpan now, DateTimeOffset utcNow, Span<byte> reply, List<RelayCommand> commands)
    {
        TakeDeferred(commands);
        var listener = _state.Listeners[from.Listener];
        if (!TryReadRequest(request, listener, out var message))
        {
            return 0;
        }

        var context = new RequestContext
        {
            Message = message,
            From = from,
            Listener = listener,
            Now = now,
            UtcNow = utcNow,
            Reply = reply,
            Commands = commands,
            Allocation = -1,
        };
        var length = Handle(ref context);
        CheckInvariants(now);
        return length;
    }

    /// <summary>
    /// A port of an OpenPort command could not be bound. Returns a new reply for the same request, and commands: another port, or
    /// 508 and everything closed.
    /// </summary>
    public int HandlePortFailed(RelayPort port, ReadOnlySpan<byte> request, in FiveTuple from, TimeSpan now, DateTimeOffset utcNow, Span<byte> reply, List<RelayCommand> commands)
    {
        var position = _state.Allocations.Find(from);
        _allocate.Reservations.TryDrop(port, now);
        if (position < 0 || !StunMessage.TryRead(request, out var message, out _))
        {
            return 0;
        }

        var context = new RequestContext
        {
            Message = message,
            From = from,
            Listener = _state.Listeners[from.Listener],
            Now = now,
            UtcNow = utcNow,
            Reply = reply,
            Commands = commands,
            Allocation = position,
        };
        context.Caller.IsAuthenticated = true;
        context.Caller.Key = _state.Users[_state.Allocations[position].User].Key;
        context.Caller.AnswersSha256 = message.Has(StunAttributeType.PasswordAlgorithm)
            || (message.Has(StunAttributeType.AccessToken) && message.HasIntegritySha256);
        var length = _allocate.ReplacePorts(ref context, position, port);
        CheckInvariants(now);
        return length;
    }

    /// <summary>Does everything that is due; extra calls are harmless.</summary>
    public void HandleDeadline(TimeSpan now, List<RelayCommand> commands)
    {
        TakeDeferred(commands);
        while (_state.Wheel.TryTakeDue(now, out var payload))
        {
            var position = (int)(payload & 0x1FFF_FFFF);
            switch ((TimerKind)(payload >> 29))
            {
                case TimerKind.Allocation:
                    _state.Allocations.HandleTimer(position, now, commands);
                    break;
                case TimerKind.Permission:
                    _state.Allocations.Peers.HandlePermissionTimer(position, now, commands);
                    break;
                case TimerKind.Channel:
                    _state.Allocations.Peers.HandleChannelTimer(position, now, commands);
                    break;
                case TimerKind.Reservation:
                    _allocate.Reservations.HandleTimer(position, now, commands);
                    break;
                case TimerKind.Connection:
                    _tcp!.HandleTimer(position, commands);
                    break;
                default:
                    break;
            }
        }

        CheckInvariants(now);
    }

    private bool TryReadRequest(ReadOnlySpan<byte> request, RelayListener listener, out StunMessage message)
    {
        _state.Outcome = new RelayOutcome(0, StunErrorCode.None, RefusalReason.NotARequest, 0);
        var limit = listener.IsStream ? StunLimits.MaxStreamMessage : StunLimits.MaxDatagramMessage;
        message = default;
        if (request.Length <= limit && StunMessage.TryRead(request, out message, out _) && message.Class == StunClass.Request
            && (!message.HasFingerprint || Fingerprint.Verify(message)))
        {
            return true;
        }

        _state.Counters.Ignored++;
        return false;
    }

    private int Handle(ref RequestContext context)
    {
        switch (context.Message.Method)
        {
            case StunMethod.Binding:
                _state.Counters.BindingRequests++;
                return HandleBinding(ref context);
            case StunMethod.Allocate or StunMethod.Refresh or StunMethod.CreatePermission or StunMethod.ChannelBind:
                break;
            case StunMethod.Connect or StunMethod.ConnectionBind when _tcp is not null:
                break;
            default:
                _state.Counters.Ignored++;
                _state.Outcome = new RelayOutcome(context.Message.Method, StunErrorCode.None, RefusalReason.UnknownMethod, 0);
                return 0;
        }

        _state.Counters.Requests++;
        var ticket = FindAllocation(ref context);
        if (!_authenticator.TryAuthenticate(ref context, out var length))
        {
            return length;
        }

        Span<StunAttributeType> unknown = stackalloc StunAttributeType[16];
        var count = KnownAttributes.FindUnknown(context.Message, _state.Settings.SupportsDontFragment, _state.Credentials.TokenKeys.Count > 0, unknown);
        if (count > 0)
        {
            return _answers.UnknownAttributes(ref context, unknown[..count]);
        }

        return context.Message.Method == StunMethod.Allocate ? _allocate.Handle(ref context) : HandleOwned(ref context, ticket);
    }

    private int HandleBinding(ref RequestContext context)
    {
        Span<StunAttributeType> unknown = stackalloc StunAttributeType[8];
        var count = KnownAttributes.FindUnknown(context.Message, knowsDontFragment: true, knowsAccessToken: true, unknown);
        return count > 0
            ? _answers.EarlyError(ref context, StunErrorCode.UnknownAttribute, RefusalReason.UnknownAttribute, unknown[..count])
            : _answers.Binding(ref context);
    }

    /// <summary>Methods that need an allocation of the same user.</summary>
    private int HandleOwned(ref RequestContext context, Mobility.TicketState? ticket)
    {
        if (ticket is not null && _mobility is null)
        {
            return _answers.Error(ref context, StunErrorCode.MobilityForbidden, RefusalReason.MobilityForbidden);
        }

        if (ticket == Mobility.TicketState.Invalid)
        {
            return _answers.Error(ref context, StunErrorCode.BadRequest, RefusalReason.BadTicket);
        }

        if (context.Allocation < 0)
        {
            return context.Message.Method == StunMethod.ConnectionBind
                ? _answers.Error(ref context, StunErrorCode.BadRequest, RefusalReason.NoConnection)
                : _answers.Error(ref context, StunErrorCode.AllocationMismatch, RefusalReason.NoAllocation);
        }

        var owner = _state.Users[_state.Allocations[context.Allocation].User].Name.AsSpan();
        if (!owner.SequenceEqual(context.UserName.IsEmpty ? context.Caller.HashedName.Span : context.UserName))
        {
            return _answers.Error(ref context, StunErrorCode.WrongCredentials, RefusalReason.WrongUser);
        }

        return context.Message.Method switch
        {
            StunMethod.Refresh => _refresh.Handle(ref context),
            StunMethod.CreatePermission => _peers.CreatePermission(ref context),
            StunMethod.ChannelBind => _peers.ChannelBind(ref context),
            StunMethod.Connect => _tcp!.Connect(ref context),
            _ => _tcp!.ConnectionBind(ref context),
        };
    }

    /// <summary>By connection id, by ticket, else by five-tuple. Gives the state of a ticket when there was one.</summary>
    private Mobility.TicketState? FindAllocation(ref RequestContext context)
    {
        ref readonly var message = ref context.Message;
        if (message.Method == StunMethod.ConnectionBind)
        {
            context.Allocation = message.TryGetConnectionId(out var id) ? _tcp!.AllocationOf(id) : -1;
            return null;
        }

        if (message.Method == StunMethod.Refresh && message.TryGet(StunAttributeType.MobilityTicket, out var ticket))
        {
            var ticketState = _mobility?.Read(ticket, out context.Allocation, out _) ?? Mobility.TicketState.Invalid;
            context.Allocation = ticketState == Mobility.TicketState.Known ? context.Allocation : -1;
            return ticketState;
        }

        context.Allocation = _state.Allocations.Find(context.From);
        if (context.Allocation < 0 && _mobility is not null)
        {
            context.Allocation = _mobility.FindPending(context.From);
        }

        return null;
    }

    private void TakeDeferred(List<RelayCommand> commands)
    {
        if (_state.Deferred.Count > 0)
        {
            commands.AddRange(_state.Deferred);
            _state.Deferred.Clear();
        }
    }
}
