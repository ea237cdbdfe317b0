using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading.Channels;

namespace MediaRelay.Qos.IO.Links;

/// <content>The tasks beside the owner: accepting, dialling, receiving, and sending what a socket did not take at once.</content>
internal abstract partial class EngineLoop
{
    private const int MaxHandshakes = 64;
    private static readonly TimeSpan DialLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);
    private int _handshakes;

    private async Task AcceptAsync(Socket listener, Func<IPAddress, bool> isAllowed)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                _ = WelcomeAsync(socket, isAllowed);
            }
            catch (SocketException fault) when (!_stop.IsCancellationRequested)
            {
                // A peer that left before it was accepted, or no descriptor free: the listener stays.
                LogAcceptFailed(fault.Message);
                await Task.Delay(AcceptPause, _clock, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return; // The listener was closed with the loop.
            }
        }
    }

    private async Task WelcomeAsync(Socket socket, Func<IPAddress, bool> isAllowed)
    {
        IPAddress peer = IPAddress.None;
        try
        {
            socket.NoDelay = true;
            peer = ((IPEndPoint)socket.RemoteEndPoint!).Address;
            if (peer.IsIPv4MappedToIPv6) peer = peer.MapToIPv4();
            if (!isAllowed(peer))
            {
                LogRefused(peer);
                socket.Dispose();
                return;
            }
            SslStream? secure = _security is null ? null : await ShakeHandsAsync(_security, socket, peer).ConfigureAwait(false);
            await _mailbox.Writer.WriteAsync(new Item(ItemKind.Accepted, Interlocked.Increment(ref _lastAccepted), State: new SocketLink(socket, peer, secure)), _stop.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsTransportFault(fault) || fault is AuthenticationException)
        {
            socket.Dispose();
            if (!_stop.IsCancellationRequested) LogHandshakeFailed(peer, Cause(fault));
        }
    }

    /// <summary>The handshake of a stranger: bounded in time and number, so that strangers cost no friend his place.</summary>
    private async Task<SslStream> ShakeHandsAsync(LinkSecurity security, Socket socket, IPAddress peer)
    {
        try
        {
            if (Interlocked.Increment(ref _handshakes) > MaxHandshakes) throw new AuthenticationException("too many handshakes are under way");
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            limit.CancelAfter(HandshakeLimit);
            return await security.AcceptAsync(socket, peer, limit.Token).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _handshakes);
        }
    }

    private async Task DialAsync(int link, IPEndPoint address, int restarts)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(DialLimit);
        try
        {
            await socket.ConnectAsync(address, limit.Token).ConfigureAwait(false);
            SslStream? secure = _security is null ? null : await _security.DialAsync(socket, address.Address, limit.Token).ConfigureAwait(false);
            LogConnected(address);
            await _mailbox.Writer.WriteAsync(new Item(ItemKind.Connected, link, Count: restarts, State: new SocketLink(socket, address.Address, secure)), _stop.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsTransportFault(fault) || fault is AuthenticationException)
        {
            socket.Dispose();
            if (_stop.IsCancellationRequested) return;
            LogConnectFailed(address, fault is OperationCanceledException ? $"no answer within {DialLimit.TotalSeconds:0} s" : Cause(fault));
            await PostQuietlyAsync(new Item(ItemKind.ConnectFailed, link, Count: restarts)).ConfigureAwait(false);
        }
    }

    private async Task ReceiveAsync(int link, SocketLink connection)
    {
        Socket socket = connection.Socket;
        try
        {
            while (true)
            {
                if (connection.Relief is { } relief) await relief.Task.ConfigureAwait(false);
                byte[] buffer = ArrayPool<byte>.Shared.Rent(ReceiveSize);
                int count = connection.Secure is { } secure
                    ? await secure.ReadAsync(buffer.AsMemory(), _stop.Token).ConfigureAwait(false)
                    : await socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None, _stop.Token).ConfigureAwait(false);
                if (count == 0)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    break;
                }
                var item = new Item(ItemKind.Received, link, buffer, count);
                if (!_mailbox.Writer.TryWrite(item)) await _mailbox.Writer.WriteAsync(item, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (Exception fault) when (IsTransportFault(fault))
        {
            // The end of the transport, told below.
        }
        finally
        {
            if (connection.Secure is not null) await connection.Secure.DisposeAsync().ConfigureAwait(false);
            socket.Dispose();
        }
        await PostQuietlyAsync(new Item(ItemKind.Closed, link, State: socket)).ConfigureAwait(false);
    }

    private async Task SendRestAsync(int link, SocketLink connection, byte[] rest, int count)
    {
        try
        {
            if (connection.Secure is { } secure) await secure.WriteAsync(rest.AsMemory(0, count), _stop.Token).ConfigureAwait(false);
            else for (int at = 0; at < count;) at += await connection.Socket.SendAsync(rest.AsMemory(at, count - at), SocketFlags.None, _stop.Token).ConfigureAwait(false);
            ArrayPool<byte>.Shared.Return(rest);
            await _mailbox.Writer.WriteAsync(new Item(ItemKind.Writable, link, State: connection.Socket), _stop.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsTransportFault(fault))
        {
            // The receive loop tells the end of the transport.
        }
    }

    /// <summary>A peer that does not take our last words is left after a while.</summary>
    private async Task AbandonAsync(SocketLink connection)
    {
        await Task.Delay(CloseLimit, _clock, CancellationToken.None).ConfigureAwait(false);
        EndGently(connection.Socket);
    }

    private static async Task SayEndAsync(SslStream secure)
    {
        try
        {
            await secure.ShutdownAsync().ConfigureAwait(false);
        }
        catch (Exception fault) when (IsTransportFault(fault))
        {
            // It has ended already.
        }
    }

    private async Task PostQuietlyAsync(Item item)
    {
        try
        {
            await _mailbox.Writer.WriteAsync(item, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is OperationCanceledException or ChannelClosedException)
        {
            // Nobody is left to hear it.
        }
    }

    private static bool IsTransportFault(Exception fault) =>
        fault is SocketException or IOException or OperationCanceledException or ObjectDisposedException or ChannelClosedException
            or InvalidOperationException or NotSupportedException; // The last two: a TLS stream that the other direction has ended.

    private static string Cause(Exception fault) => (fault.InnerException ?? fault).Message.TrimEnd('.');
}
