using MediaRelay.Stun;

namespace MediaRelay.Turn.Client;

// Permissions (RFC 8656 section 9), channels (section 12) and TCP connections to peers (RFC 6062).
public sealed partial class TurnClient
{
    // Permissions live 300 s and channels 600 s; a whole retransmission schedule fits before the end.
    private static readonly TimeSpan PermissionRenewal = TimeSpan.FromSeconds(240);
    private static readonly TimeSpan ChannelRenewal = TimeSpan.FromSeconds(540);

    private readonly Dictionary<TransportAddress, PeerState> _permissions = [];
    private readonly Dictionary<TransportAddress, PeerState> _channels = [];
    private readonly List<TransportAddress> _channelPeers = [];

    private TimeSpan? NextPeerDeadline
    {
        get
        {
            TimeSpan? next = null;
            foreach (var permission in _permissions.Values)
                next = Earlier(next, permission.RenewAt);
            foreach (var channel in _channels.Values)
                next = Earlier(next, channel.RenewAt);
            return next;
        }
    }

    /// <summary>
    /// Lets data pass between the relayed address and the peer's IP address; the port does not matter. The permission is renewed
    /// until Close. A second call for the same IP does nothing. False when there is no allocation.
    /// </summary>
    public bool AddPermission(TransportAddress peer, TimeSpan now, List<TurnClientCommand> commands)
    {
        if (State != TurnClientState.Allocated)
            return false;
        if (_permissions.TryAdd(peer.WithPort(0), new PeerState()))
            Begin(new Transaction(StunMethod.CreatePermission) { Peer = peer.WithPort(0) }, now, commands);
        return true;
    }

    /// <summary>
    /// Binds the next free channel number to the peer, which installs the permission as well. Until the answer comes, data goes in
    /// Send indications if there is a permission. Returns the number, the same one for a peer that has one already; 0 when
    /// there is no allocation or no number left.
    /// </summary>
    public ushort AddChannel(TransportAddress peer, TimeSpan now, List<TurnClientCommand> commands)
    {
        if (State != TurnClientState.Allocated)
            return 0;
        if (_channels.TryGetValue(peer, out var known))
        {
            if (!known.IsInstalled && !known.IsPending)
                BeginChannelBind(peer, known, now, commands);
            return known.Channel;
        }

        var number = ChannelData.FirstNumber + _channelPeers.Count;
        if (number > ChannelData.LastNumber)
            return 0;
        // Numbers are never given to another peer: the server refuses that for as long as the old binding may live.
        _channelPeers.Add(peer);
        var channel = new PeerState { Channel = (ushort)number };
        _channels.Add(peer, channel);
        BeginChannelBind(peer, channel, now, commands);
        return (ushort)number;
    }

    /// <summary>Stops renewing the permission and channel of a peer; they end on the server by themselves.</summary>
    public void RemovePeer(TransportAddress peer)
    {
        _permissions.Remove(peer.WithPort(0));
        if (_channels.TryGetValue(peer, out var channel))
        {
            channel.RenewAt = null;
            channel.IsInstalled = false;
        }
    }

    public bool HasPermission(TransportAddress peer) => _permissions.TryGetValue(peer.WithPort(0), out var state) && state.IsInstalled;

    /// <summary>Data to the peer travels in ChannelData now.</summary>
    public bool HasChannel(TransportAddress peer) => _channels.TryGetValue(peer, out var state) && state.IsInstalled;

    /// <summary>Asks the server to open a TCP connection to the peer (RFC 6062 section 4.3). False when there is no TCP allocation.</summary>
    public bool Connect(TransportAddress peer, TimeSpan now, List<TurnClientCommand> commands)
    {
        if (State != TurnClientState.Allocated || !_settings.TcpAllocation)
            return false;
        Begin(new Transaction(StunMethod.Connect) { Peer = peer }, now, commands);
        return true;
    }

    /// <summary>The shell has opened a connection to the server for this id; its first answer goes to <see cref="HandleReceived"/>.</summary>
    public void BindConnection(uint connectionId, TimeSpan now, List<TurnClientCommand> commands)
    {
        if (State == TurnClientState.Allocated)
            Begin(new Transaction(StunMethod.ConnectionBind) { ConnectionId = connectionId }, now, commands);
    }

    private static void HandleIndication(in StunMessage message, List<TurnClientCommand> commands)
    {
        if (!message.TryGetAddress(StunAttributeType.XorPeerAddress, out var peer))
            return;
        if (message.Method == StunMethod.Data && message.TryGetIcmp(out var icmp))
            commands.Add(new TurnClientCommand.IcmpReceived(peer, icmp));
        else if (message.Method == StunMethod.ConnectionAttempt && message.TryGetConnectionId(out var id))
            commands.Add(new TurnClientCommand.ConnectionOffered(id, peer));
    }

    private void HandlePermission(TransportAddress peer, TimeSpan now, List<TurnClientCommand> commands)
    {
        if (!_permissions.TryGetValue(peer, out var permission))
            return;
        permission.RenewAt = now + PermissionRenewal;
        if (permission.IsInstalled)
            return;
        permission.IsInstalled = true;
        commands.Add(new TurnClientCommand.PermissionInstalled(peer));
    }

    private void HandleChannel(Transaction transaction, TimeSpan now, List<TurnClientCommand> commands)
    {
        if (!_channels.TryGetValue(transaction.Peer, out var channel))
            return;
        channel.IsPending = false;
        channel.RenewAt = now + ChannelRenewal;
        // ChannelBind installs the permission too, but lives longer, so the permission gets its own renewal.
        _permissions.TryAdd(transaction.Peer.WithPort(0), new PeerState());
        HandlePermission(transaction.Peer.WithPort(0), now, commands);
        if (channel.IsInstalled)
            return;
        channel.IsInstalled = true;
        commands.Add(new TurnClientCommand.ChannelBound(transaction.Peer, channel.Channel));
    }

    private void RenewPeers(TimeSpan now, List<TurnClientCommand> commands)
    {
        foreach (var (peer, permission) in _permissions)
        {
            if (permission.RenewAt <= now)
            {
                permission.RenewAt = null;
                Begin(new Transaction(StunMethod.CreatePermission) { Peer = peer }, now, commands);
            }
        }

        foreach (var (peer, channel) in _channels)
        {
            if (channel.RenewAt <= now)
                BeginChannelBind(peer, channel, now, commands);
        }
    }

    private void BeginChannelBind(TransportAddress peer, PeerState channel, TimeSpan now, List<TurnClientCommand> commands)
    {
        channel.RenewAt = null;
        channel.IsPending = true;
        Begin(new Transaction(StunMethod.ChannelBind) { Peer = peer, Channel = channel.Channel }, now, commands);
    }

    private void ForgetPeer(Transaction transaction)
    {
        if (transaction.Method == StunMethod.CreatePermission)
            _permissions.Remove(transaction.Peer);
        else if (transaction.Method == StunMethod.ChannelBind && _channels.TryGetValue(transaction.Peer, out var channel))
            channel.IsInstalled = channel.IsPending = false;
    }

    private void ForgetPeers()
    {
        _permissions.Clear();
        _channels.Clear();
        _channelPeers.Clear();
    }
}
