using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Channels;
using MediaRelay.Media.Ice;
using MediaRelay.Media.IO.Net;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>A TCP or TLS connection to a TURN server for one endpoint: dials, reads and writes outside the loop, and tells the loop.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "The token source has neither timer nor wait handle; there is nothing to release.")]
internal sealed class RelayStream
{
    private const int MostQueued = 256;

    private readonly MediaLoop _loop;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<byte[]> _outgoing = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(MostQueued) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Starts to dial. The callbacks run on the loop: opened, bytes, closed; closed comes last and once.</summary>
    public RelayStream(MediaLoop loop, IceServer server, TimeSpan timeout, Action opened, Action<byte[]> received, Action closed)
    {
        _loop = loop;
        _ = RunAsync(server, timeout, opened, received, closed);
    }

    /// <summary>Queues bytes; lost when the connection is slow, as media may be.</summary>
    public void Send(ReadOnlySpan<byte> bytes) => _outgoing.Writer.TryWrite(bytes.ToArray());

    public void Close() => _stop.Cancel();

    private async Task RunAsync(IceServer server, TimeSpan timeout, Action opened, Action<byte[]> received, Action closed)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            limit.CancelAfter(timeout);
            await socket.ConnectAsync(server.Address.ToEndPoint(), limit.Token);
            await using Stream plain = new NetworkStream(socket);
            var stream = plain;
            if (server.Transport == RelayTransport.Tls)
            {
                var tls = new SslStream(plain);
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = server.ServerName ?? server.Address.AddressText() }, limit.Token);
                stream = tls;
            }
            _loop.Post(opened);
            var writing = WriteAsync(stream);
            var buffer = new byte[16 * 1024];
            while (true)
            {
                var length = await stream.ReadAsync(buffer, _stop.Token);
                if (length == 0) break;
                var bytes = buffer[..length];
                _loop.Post(() => received(bytes));
            }
            await _stop.CancelAsync();
            await writing;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or ObjectDisposedException
            or System.Security.Authentication.AuthenticationException)
        {
            // The agent hears of the end and uses another path.
        }
        _loop.Post(closed);
    }

    private async Task WriteAsync(Stream stream)
    {
        try
        {
            await foreach (var bytes in _outgoing.Reader.ReadAllAsync(_stop.Token)) await stream.WriteAsync(bytes, _stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The reading side tells the end.
        }
    }
}
