using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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

    /// <summary>
    /// Starts to dial. The callbacks run on the loop: opened, bytes, closed; closed comes last and once, with the reason unless this end closed.
    /// <paramref name="authorityFile"/> names the authorities for TLS, empty for the system's.
    /// </summary>
    public RelayStream(MediaLoop loop, IceServer server, string authorityFile, TimeSpan timeout, Action opened, Action<byte[]> received, Action<string?> closed)
    {
        _loop = loop;
        _ = RunAsync(server, authorityFile, timeout, opened, received, closed);
    }

    /// <summary>Queues bytes; lost when the connection is slow, as media may be.</summary>
    public void Send(ReadOnlySpan<byte> bytes) => _outgoing.Writer.TryWrite(bytes.ToArray());

    public void Close() => _stop.Cancel();

    private async Task RunAsync(IceServer server, string authorityFile, TimeSpan timeout, Action opened, Action<byte[]> received, Action<string?> closed)
    {
        string? reason = null;
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
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = server.ServerName ?? server.Address.AddressText(),
                        CertificateChainPolicy = authorityFile.Length > 0 ? ChainPolicy(authorityFile) : null,
                    },
                    limit.Token);
                stream = tls;
            }
            _loop.Post(opened);
            var writing = WriteAsync(stream);
            var buffer = new byte[16 * 1024];
            while (true)
            {
                var length = await stream.ReadAsync(buffer, _stop.Token);
                if (length == 0) break;
                await HandOverAsync(buffer[..length], received);
            }
            reason = "it closed the connection";
            await _stop.CancelAsync();
            await writing;
        }
        catch (OperationCanceledException)
        {
            if (!_stop.IsCancellationRequested) reason = "it did not answer in time";
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or ObjectDisposedException or AuthenticationException or CryptographicException)
        {
            // The agent hears of the end and uses another path.
            reason = e.Message;
        }
        _loop.Post(() => closed(reason));
    }

    /// <summary>Waits until the loop has taken the bytes: a server that sends faster than they are handled is read no faster.</summary>
    private Task HandOverAsync(byte[] bytes, Action<byte[]> received)
    {
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
        {
            try
            {
                received(bytes);
            }
            finally
            {
                taken.SetResult();
            }
        });
        return taken.Task.WaitAsync(_stop.Token);
    }

    private static X509ChainPolicy ChainPolicy(string authorityFile)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(authorityFile);
        return policy;
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
