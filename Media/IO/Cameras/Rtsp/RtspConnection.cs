using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Media.IO.Cameras.Rtsp;

/// <summary>
/// One RTSP connection, plain or TLS: requests with their responses, authentication, and interleaved packets (RFC 2326 section 10.12).
/// One reading task; requests and interleaved writes from anywhere.
/// </summary>
internal sealed class RtspConnection : IAsyncDisposable
{
    /// <summary>Receives an interleaved packet; the span is good only during the call.</summary>
    public delegate void InterleavedHandler(byte channel, ReadOnlySpan<byte> packet);

    private static readonly TimeSpan ResponseLimit = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly CameraAddress _address;
    private readonly RandomNumberGenerator _random;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<RtspMessage>> _waiting = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _interleaved = new byte[4 + 65535];
    private Authorization? _authorization;
    private int _sequence;

    private RtspConnection(Socket socket, Stream stream, CameraAddress address, RandomNumberGenerator random, InterleavedHandler handler)
    {
        _socket = socket;
        _stream = stream;
        _address = address;
        _random = random;
        Reading = ReadAsync(handler);
    }

    /// <summary>Ends when the connection does; a <see cref="CameraException"/> says why.</summary>
    public Task Reading { get; }

    public IPAddress RemoteAddress => Plain(_socket.RemoteEndPoint);

    public IPAddress LocalAddress => Plain(_socket.LocalEndPoint);

    public static async Task<RtspConnection> ConnectAsync(CameraAddress address, RtspSettings settings, RandomNumberGenerator random,
        InterleavedHandler handler, CancellationToken cancellation)
    {
        var secure = address.Uri.Scheme is "rtsps" or "rtspts";
        var port = address.Uri.Port > 0 ? address.Uri.Port : secure ? 322 : 554;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(settings.ConnectTimeout);
            await socket.ConnectAsync(address.Uri.DnsSafeHost, port, limit.Token);
            Stream stream = new NetworkStream(socket);
            if (secure)
            {
                var tls = new SslStream(stream);
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
                {
                    TargetHost = address.Uri.DnsSafeHost,
                    RemoteCertificateValidationCallback = settings.CertificateCheck,
                }, limit.Token);
                stream = tls;
            }
            return new RtspConnection(socket, stream, address, random, handler);
        }
        catch (Exception e) when (e is SocketException or IOException or System.Security.Authentication.AuthenticationException or OperationCanceledException)
        {
            socket.Dispose();
            cancellation.ThrowIfCancellationRequested();
            throw new CameraException($"Camera {address} cannot be reached: {e.Message}", e);
        }
    }

    /// <summary>Sends a request and waits for its response, answering one authentication challenge and one stale nonce.</summary>
    public async Task<RtspMessage> RequestAsync(string method, string uri, CancellationToken cancellation, params (string Name, string Value)[] headers)
    {
        for (var attempt = 0; ; attempt++)
        {
            var response = await ExchangeAsync(method, uri, headers, cancellation);
            if (response.Status != 401 || attempt == 2) return response;
            var challenge = AuthenticationChallenge.Strongest(response.Headers("WWW-Authenticate"));
            if (challenge is null || _address.Credential is not { } credential) return response;
            if (_authorization is not null && attempt > 0 && !challenge.Stale) return response;
            _authorization = new Authorization(challenge, credential, _random);
        }
    }

    /// <summary>Sends a packet interleaved on a channel; drops it when another write is still going on, so that it never waits.</summary>
    public void TrySendInterleaved(byte channel, ReadOnlySpan<byte> packet)
    {
        if (packet.Length > 65535 || !_writing.Wait(0)) return;
        _interleaved[0] = (byte)'$';
        _interleaved[1] = channel;
        _interleaved[2] = (byte)(packet.Length >> 8);
        _interleaved[3] = (byte)packet.Length;
        packet.CopyTo(_interleaved.AsSpan(4));
        try
        {
            var write = _stream.WriteAsync(_interleaved.AsMemory(0, 4 + packet.Length), _stop.Token);
            if (write.IsCompletedSuccessfully) _writing.Release();
            else _ = ReleaseAfterAsync(write);
        }
        catch (Exception e) when (e is ObjectDisposedException or IOException)
        {
            // The connection has just ended; whoever speaks must not suffer from it.
            _writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _stream.DisposeAsync();
        _socket.Dispose();
        try
        {
            await Reading;
        }
        catch (CameraException)
        {
            // The reason was already given to whoever awaited Reading.
        }
    }

    // The TCP socket serves both families, so an IPv4 address shows itself as a mapped one.
    private static IPAddress Plain(EndPoint? endPoint)
    {
        var address = ((IPEndPoint)endPoint!).Address;
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    private async Task ReleaseAfterAsync(ValueTask write)
    {
        try
        {
            await write;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The reading side reports the end of the connection.
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task<RtspMessage> ExchangeAsync(string method, string uri, (string Name, string Value)[] headers, CancellationToken cancellation)
    {
        var sequence = Interlocked.Increment(ref _sequence);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{method} {uri} RTSP/1.0\r\nCSeq: {sequence}\r\nUser-Agent: MediaRelay\r\n");
        if (_authorization is not null) text.Append(CultureInfo.InvariantCulture, $"Authorization: {_authorization.For(method, uri)}\r\n");
        foreach (var (name, value) in headers) text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        text.Append("\r\n");

        var answer = new TaskCompletionSource<RtspMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[sequence] = answer;
        try
        {
            await WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellation);
            await Task.WhenAny(answer.Task, Reading).WaitAsync(ResponseLimit, cancellation);
            if (!answer.Task.IsCompleted) await Reading;
            return await answer.Task.WaitAsync(TimeSpan.Zero, cancellation);
        }
        catch (TimeoutException e)
        {
            throw new CameraException($"Camera {_address} did not answer {method} within {ResponseLimit.TotalSeconds:0} seconds.", e);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw new CameraException($"Camera {_address} closed the connection during {method}.", e);
        }
        finally
        {
            _waiting.TryRemove(sequence, out _);
        }
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation);
        try
        {
            await _stream.WriteAsync(bytes, cancellation);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync(InterleavedHandler handler)
    {
        var buffer = new byte[4 + 65535 + RtspMessage.LongestHead + RtspMessage.LongestBody];
        var filled = 0;
        try
        {
            while (true)
            {
                var read = await _stream.ReadAsync(buffer.AsMemory(filled), _stop.Token);
                if (read == 0) throw new CameraException($"Camera {_address} closed the connection.");
                filled += read;
                var used = Consume(buffer.AsSpan(0, filled), handler);
                if (used > 0) buffer.AsSpan(used, filled - used).CopyTo(buffer);
                filled -= used;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            throw new CameraException($"The connection to camera {_address} ended: {e.Message}", e);
        }
    }

    private int Consume(ReadOnlySpan<byte> bytes, InterleavedHandler handler)
    {
        var used = 0;
        while (used < bytes.Length)
        {
            var rest = bytes[used..];
            if (rest[0] == '$')
            {
                if (rest.Length < 4) break;
                var length = rest[2] << 8 | rest[3];
                if (rest.Length < 4 + length) break;
                handler(rest[1], rest.Slice(4, length));
                used += 4 + length;
            }
            else if (rest[0] is >= (byte)'A' and <= (byte)'Z')
            {
                if (!RtspMessage.TryRead(rest, out var message, out var length, out var error))
                {
                    if (error.Length > 0) throw new CameraException($"Camera {_address} sent a message that is not RTSP: {error}.");
                    break;
                }
                HandleMessage(message);
                used += length;
            }
            else
            {
                used++; // Some cameras put empty lines or padding between messages.
            }
        }
        return used;
    }

    private void HandleMessage(RtspMessage message)
    {
        var sequence = message.Number("CSeq");
        if (message.Status != 0)
        {
            if (sequence is { } number && _waiting.TryGetValue(number, out var waiting)) waiting.TrySetResult(message);
            return;
        }
        var code = message.Phrase is "OPTIONS" or "GET_PARAMETER" or "SET_PARAMETER" ? "200 OK" : "501 Not Implemented";
        var answer = Encoding.ASCII.GetBytes($"RTSP/1.0 {code}\r\nCSeq: {sequence ?? 0}\r\n\r\n");
        _ = ReleaseQuietlyAsync(answer);
    }

    private async Task ReleaseQuietlyAsync(byte[] answer)
    {
        try
        {
            await WriteAsync(answer, _stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The reading side reports the end of the connection.
        }
    }
}
