namespace MediaRelay.Turn;

/// <summary>What a shell is told to do, or told has happened. The comment names the fields of <see cref="RelayCommand"/> that count.</summary>
public enum RelayCommandKind : byte
{
    None,

    /// <summary>Bind a socket to <c>Port</c>, TCP with listen when <c>IsTcp</c>; on failure call <see cref="RelayEngine.HandlePortFailed"/> before sending the reply.</summary>
    OpenPort,

    /// <summary>Close the socket of <c>Port</c>.</summary>
    ClosePort,

    /// <summary>
    /// A forwarding entry exists from now on: <c>Client</c>, <c>Channel</c> and back through <c>Port</c>, <c>Peer</c>; the peer has a
    /// permission. A kernel fast path takes its entry from here.
    /// </summary>
    ChannelBound,

    /// <summary>The forwarding entry (same fields) ended: binding or permission expired, client moved, allocation gone.</summary>
    ChannelGone,

    /// <summary>Open a TCP connection from <c>Port</c> to <c>Peer</c>, then call HandlePeerConnected or HandlePeerFailed with <c>ConnectionId</c> within 30 seconds or more.</summary>
    ConnectPeer,

    /// <summary>Close the TCP connection to the peer with <c>ConnectionId</c>, or stop connecting.</summary>
    ClosePeer,

    /// <summary>After the reply is sent, join the client connection <c>Client</c> with the peer connection <c>ConnectionId</c>, bytes buffered so far first.</summary>
    JoinPeer,

    /// <summary>Close the client's connection <c>Client</c> (nothing to do for UDP).</summary>
    CloseClient,

    /// <summary>An allocation is moving to the path <c>Client</c> (RFC 8016): it is no stranger any more, and what comes from there belongs to this shard.</summary>
    PathTaken,

    /// <summary>An allocation left the path <c>Client</c>, or gave up moving to it.</summary>
    PathGone,

    /// <summary>For log and metrics: <c>Client</c> has an allocation at <c>Port</c>; <c>UserName</c>.</summary>
    AllocationCreated,

    /// <summary>For log and metrics: the allocation of <c>Client</c> ended because of <c>Cause</c>; <c>UserName</c>.</summary>
    AllocationGone,
}
