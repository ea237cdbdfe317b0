using System.Net.Sockets;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Sockets;
using MediaRelay.Turn.IO.Streams;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>TCP towards peers (RFC 6062): listening relay ports, connects, and joining them with data connections of clients.</summary>
internal sealed partial class RelayShard
{
    private const int Backlog = 32;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<int, Socket> _tcpPorts = [];
    private readonly Dictionary<uint, PeerStream> _peers = [];

    /// <summary>Counts bytes of a joined connection on the shard's thread; false when the bandwidth is used up.</summary>
    public async ValueTask<bool> CountStreamAsync(uint connectionId, int bytes, bool toPeer, CancellationToken stop)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await Inbox.PostAsync(shard => done.TrySetResult(shard._engine.TryCountStream(connectionId, bytes, toPeer, shard._now)));
        return await done.Task.WaitAsync(stop);
    }

    private bool TryListen(in RelayCommand command)
    {
        var address = _settings.RelayAddresses[command.Port.AddressIndex].Bind.WithPort(command.Port.Port);
        var socket = NewTcpSocket(address);
        try
        {
            socket.Bind(address.ToEndPoint());
            socket.Listen(Backlog);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            _observer.PortFailed(Index, address, exception.SocketErrorCode);
            return false;
        }

        _tcpPorts[command.Port.Key] = socket;
        _ = AcceptAsync(socket, command.Port);
        return true;
    }

    private void CloseTcpPort(RelayPort port)
    {
        if (_tcpPorts.Remove(port.Key, out var socket))
            socket.Dispose();
    }

    private async Task AcceptAsync(Socket listener, RelayPort port)
    {
        while (true)
        {
            try
            {
                var socket = await listener.AcceptAsync();
                await Inbox.PostAsync(shard => shard.HandlePeerAccepted(port, socket));
            }
            catch (Exception exception) when (exception is ObjectDisposedException || listener.SafeHandle.IsClosed)
            {
                return; // The port was closed.
            }
            catch (SocketException)
            {
                // A peer that left before it was accepted, or no descriptor free: the port stays open.
                await Task.Delay(AcceptPause, _time);
            }
        }
    }

    private void HandlePeerAccepted(RelayPort port, Socket socket)
    {
        Span<byte> message = stackalloc byte[RelayEngine.MaxReply];
        if (!TryPrepare(socket, out var peer))
        {
            socket.Dispose();
            return;
        }

        var written = _engine.HandlePeerAccepted(port, peer, _now, message, out var client, out var id);
        if (written == 0 || !_clients.TryGetValue(client.Connection, out var connection))
        {
            socket.Dispose();
            return;
        }

        _peers[id] = new PeerStream(socket, id, this);
        _ = connection.TrySend(message[..written], isMedia: false);
    }

    /// <summary>False when the peer has reset the connection already.</summary>
    private static bool TryPrepare(Socket socket, out TransportAddress peer)
    {
        peer = default;
        try
        {
            socket.NoDelay = true;
            peer = socket.RemoteEndPoint is System.Net.IPEndPoint remote ? TransportAddress.From(remote) : default;
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void ConnectPeer(in RelayCommand command) =>
        _ = ConnectPeerAsync(command.ConnectionId, _settings.RelayAddresses[command.Port.AddressIndex].Bind.WithPort(command.Port.Port), command.Peer);

    private async Task ConnectPeerAsync(uint id, TransportAddress from, TransportAddress peer)
    {
        var socket = NewTcpSocket(from);
        try
        {
            socket.Bind(from.ToEndPoint());
            using var limit = new CancellationTokenSource(ConnectTimeout, _time);
            await socket.ConnectAsync(peer.ToEndPoint(), limit.Token);
            await Inbox.PostAsync(shard => shard.HandleConnected(id, socket));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            await Inbox.PostAsync(shard => shard.HandleConnected(id, null));
        }
    }

    private void HandleConnected(uint id, Socket? socket)
    {
        Span<byte> reply = stackalloc byte[RelayEngine.MaxReply];
        var written = socket is not null
            ? _engine.HandlePeerConnected(id, _now, reply, out var client)
            : _engine.HandlePeerFailed(id, _now, reply, out client);
        if (written == 0 || !_clients.TryGetValue(client.Connection, out var connection))
        {
            socket?.Dispose();
            return;
        }

        if (socket is not null)
            _peers[id] = new PeerStream(socket, id, this);
        _ = connection.TrySend(reply[..written], isMedia: false);
    }

    private void ClosePeer(uint id)
    {
        if (_peers.Remove(id, out var peer))
            peer.Dispose();
    }

    private void JoinPeer(in RelayCommand command)
    {
        if (!_clients.TryGetValue(command.Client.Connection, out var client) || !_peers.TryGetValue(command.ConnectionId, out var peer))
            return;
        client.HasAllocation = true;
        client.CompleteBind(peer);
    }

    private static Socket NewTcpSocket(TransportAddress address)
    {
        var socket = new Socket(address.IsV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (address.IsV6)
            socket.DualMode = false;

        // The listening socket and those that connect share the relay port.
        var descriptor = (int)socket.Handle;
        _ = DatagramSocket.Set(descriptor, LibC.SolSocket, LibC.SoReuseAddress, 1);
        _ = DatagramSocket.Set(descriptor, LibC.SolSocket, LibC.SoReusePort, 1);
        return socket;
    }
}
