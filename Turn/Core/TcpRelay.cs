using MediaRelay.Stun;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.Allocations;
using MediaRelay.Turn.Ports;
using MediaRelay.Turn.Requests;
using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn;

/// <summary>TCP allocations (RFC 6062): Connect, ConnectionBind, ConnectionAttempt. Off by default.</summary>
internal sealed class TcpRelay(RelayState state, Answers answers, PeerRequests peers)
{
    /// <summary>The shell reports every connect within its own time limit; this one only frees what was forgotten.</summary>
    private static readonly TimeSpan ConnectGuard = TimeSpan.FromMinutes(2);

    private readonly Slab<PeerConnection> _connections = new();
    private readonly Dictionary<uint, int> _byId = [];
    private readonly Dictionary<FiveTuple, int> _byClient = [];

    /// <summary>Connections that wait and therefore have a timer.</summary>
    public int TimerCount => _connections.Count - _byClient.Count;

    /// <summary>The allocation behind a connection id, or -1.</summary>
    public int AllocationOf(uint id) => _byId.TryGetValue(id, out var position) ? _connections[position].Allocation : -1;

    public int Connect(ref RequestContext request)
    {
        ref var allocation = ref state.Allocations[request.Allocation];
        if (!allocation.IsTcp || !request.Message.TryGetAddress(StunAttributeType.XorPeerAddress, out var peer) || peer.Port == 0)
        {
            return answers.Error(ref request, StunErrorCode.BadRequest, RefusalReason.BadAttribute);
        }

        var code = peers.Check(ref request, peer, checkPort: true, out _, out var reason);
        if (code != StunErrorCode.None)
        {
            return peers.Refuse(ref request, code, reason, peer);
        }

        for (var link = allocation.FirstConnection; link != 0; link = _connections[link - 1].Next)
        {
            if (_connections[link - 1].Peer == peer)
            {
                return answers.Error(ref request, StunErrorCode.ConnectionAlreadyExists, RefusalReason.ConnectionExists);
            }
        }

        if (allocation.ConnectionCount >= state.Limits.PeerConnections)
        {
            return answers.Error(ref request, StunErrorCode.InsufficientCapacity, RefusalReason.TooManyConnections, state.Limits.PeerConnections);
        }

        var position = Add(request.Allocation, peer, PeerConnectionState.Connecting, request.Now + ConnectGuard);
        ref var connection = ref _connections[position];
        connection.Transaction = request.Message.TransactionId;
        connection.AnswersSha256 = request.Caller.AnswersSha256;
        connection.HasFingerprint = request.Message.HasFingerprint;
        request.Commands.Add(new RelayCommand { Kind = RelayCommandKind.ConnectPeer, ConnectionId = connection.Id, Port = connection.Port, Peer = peer, IsTcp = true });
        state.Outcome = new RelayOutcome(StunMethod.Connect, StunErrorCode.None, RefusalReason.None, 0);
        return 0;
    }

    /// <summary>The connect of the shell ended; writes the answer to the Connect request for the control connection.</summary>
    public int HandleConnected(uint id, bool succeeded, TimeSpan now, Span<byte> reply, out FiveTuple client)
    {
        client = default;
        if (!_byId.TryGetValue(id, out var position) || _connections[position].State != PeerConnectionState.Connecting)
        {
            return 0;
        }

        ref var connection = ref _connections[position];
        ref var allocation = ref state.Allocations[connection.Allocation];
        client = allocation.Client;
        var caller = new Caller { IsAuthenticated = true, Key = state.Users[allocation.User].Key, AnswersSha256 = connection.AnswersSha256 };
        var writer = new StunWriter(reply, StunMethod.Connect, succeeded ? StunClass.Success : StunClass.Error, connection.Transaction);
        if (succeeded)
        {
            writer.AddUInt32(StunAttributeType.ConnectionId, id);
            SetPending(position, now);
        }
        else
        {
            writer.AddErrorCode(StunErrorCode.ConnectionTimeoutOrFailure);
            state.Counters.CountError((int)StunErrorCode.ConnectionTimeoutOrFailure);
        }

        var length = answers.Seal(ref caller, connection.HasFingerprint, ref writer);
        if (!succeeded)
        {
            Remove(position);
        }

        return length;
    }

    /// <summary>A peer connected to a relay port; writes the ConnectionAttempt indication, or 0 when the connection must be closed.</summary>
    public int HandleAccepted(RelayPort port, TransportAddress peer, TimeSpan now, Span<byte> message, out FiveTuple client, out uint id)
    {
        client = default;
        id = 0;
        var owner = state.Ports[port.AddressIndex].HolderOf(port.Port);
        if (owner < 0)
        {
            return 0;
        }

        ref var allocation = ref state.Allocations[owner];
        var permission = state.Allocations.Peers.FindPermission(ref allocation, peer, now);
        if (!allocation.IsTcp || permission < 0 || allocation.ConnectionCount >= state.Limits.PeerConnections
            || !state.Peers.IsAllowed(peer, state.Users[allocation.User].Kind))
        {
            state.Counters.DroppedFromPeer++;
            return 0;
        }

        var position = Add(owner, peer, PeerConnectionState.Pending, now + state.Limits.ConnectionBindTimeout);
        id = _connections[position].Id;
        client = allocation.Client;
        Span<byte> transaction = stackalloc byte[TransactionId.Length];
        state.Random.Fill(transaction);
        var writer = new StunWriter(message, StunMethod.ConnectionAttempt, StunClass.Indication, TransactionId.FromBytes(transaction));
        writer.AddUInt32(StunAttributeType.ConnectionId, id);
        writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
        return writer.Length;
    }

    public int ConnectionBind(ref RequestContext request)
    {
        if (!request.Listener.IsStream
            || !request.Message.TryGetConnectionId(out var id)
            || !_byId.TryGetValue(id, out var position)
            || _connections[position].State != PeerConnectionState.Pending
            || state.Allocations.Find(request.From) >= 0
            || _byClient.ContainsKey(request.From))
        {
            return answers.Error(ref request, StunErrorCode.BadRequest, RefusalReason.NoConnection);
        }

        ref var connection = ref _connections[position];
        connection.State = PeerConnectionState.Joined;
        connection.Client = request.From;
        _byClient[request.From] = position;
        StopTimer(ref connection);
        request.Commands.Add(new RelayCommand { Kind = RelayCommandKind.JoinPeer, ConnectionId = id, Client = request.From, Peer = connection.Peer, Port = connection.Port, IsTcp = true });
        var writer = Answers.Success(ref request);
        return answers.Finish(ref request, ref writer);
    }

    /// <summary>The peer's connection closed: the client's goes with it (RFC 6062 section 5.5).</summary>
    public void HandlePeerClosed(uint id, List<RelayCommand> commands)
    {
        if (_byId.TryGetValue(id, out var position))
        {
            if (_connections[position].State == PeerConnectionState.Joined)
            {
                commands.Add(new RelayCommand { Kind = RelayCommandKind.CloseClient, Client = _connections[position].Client });
            }

            Remove(position);
        }
    }

    /// <summary>A client connection closed; true when it was a data connection.</summary>
    public bool TryHandleClientClosed(in FiveTuple client, List<RelayCommand> commands)
    {
        if (!_byClient.TryGetValue(client, out var position))
        {
            return false;
        }

        commands.Add(new RelayCommand { Kind = RelayCommandKind.ClosePeer, ConnectionId = _connections[position].Id });
        Remove(position);
        return true;
    }

    /// <summary>The allocation whose bandwidth a joined connection uses, or -1.</summary>
    public int OwnerOf(uint id) => _byId.TryGetValue(id, out var position) && _connections[position].State == PeerConnectionState.Joined ? _connections[position].Allocation : -1;

    public void HandleTimer(int position, List<RelayCommand> commands)
    {
        _connections[position].Timer = 0;
        commands.Add(new RelayCommand { Kind = RelayCommandKind.ClosePeer, ConnectionId = _connections[position].Id });
        Remove(position);
    }

    public void RemoveAll(int owner, List<RelayCommand> commands)
    {
        while (state.Allocations[owner].FirstConnection != 0)
        {
            var position = state.Allocations[owner].FirstConnection - 1;
            ref var connection = ref _connections[position];
            commands.Add(new RelayCommand { Kind = RelayCommandKind.ClosePeer, ConnectionId = connection.Id });
            if (connection.State == PeerConnectionState.Joined)
            {
                commands.Add(new RelayCommand { Kind = RelayCommandKind.CloseClient, Client = connection.Client });
            }

            Remove(position);
        }
    }

    private int Add(int owner, TransportAddress peer, PeerConnectionState initial, TimeSpan deadline)
    {
        ref var allocation = ref state.Allocations[owner];
        var position = _connections.Take();
        ref var connection = ref _connections[position];
        do
        {
            connection.Id = ((uint)state.Settings.Shard << 24) | (state.Random.NextUInt32() >> 8);
        }
        while (_byId.ContainsKey(connection.Id));

        connection.Allocation = owner;
        connection.Peer = peer;
        connection.State = initial;
        connection.Port = allocation.Of(peer.Family).Port;
        connection.Next = allocation.FirstConnection;
        connection.Timer = state.SetTimer(TimerKind.Connection, position, deadline) + 1;
        allocation.FirstConnection = position + 1;
        allocation.ConnectionCount++;
        _byId[connection.Id] = position;
        return position;
    }

    private void SetPending(int position, TimeSpan now)
    {
        ref var connection = ref _connections[position];
        connection.State = PeerConnectionState.Pending;
        StopTimer(ref connection);
        connection.Timer = state.SetTimer(TimerKind.Connection, position, now + state.Limits.ConnectionBindTimeout) + 1;
    }

    private void StopTimer(ref PeerConnection connection)
    {
        if (connection.Timer != 0)
        {
            state.Wheel.Remove(connection.Timer - 1);
            connection.Timer = 0;
        }
    }

    private void Remove(int position)
    {
        ref var connection = ref _connections[position];
        ref var allocation = ref state.Allocations[connection.Allocation];
        ref var from = ref allocation.FirstConnection;
        while (from != position + 1)
        {
            from = ref _connections[from - 1].Next;
        }

        from = connection.Next;
        allocation.ConnectionCount--;
        StopTimer(ref connection);
        _byId.Remove(connection.Id);
        if (connection.State == PeerConnectionState.Joined)
        {
            _byClient.Remove(connection.Client);
        }

        _connections.Release(position);
    }
}
