using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Load.Signaling;

/// <summary>A gateway as cheap as possible: one TLS connection with its certificate, requests written as octets.</summary>
internal sealed class RawGateway(string id, X509Certificate2 certificate, IPEndPoint server) : IDisposable
{
    private readonly byte[] _buffer = new byte[8192];
    private readonly SslStreamCertificateContext _certificate = SslStreamCertificateContext.Create(certificate, null, offline: true);
    private Socket? _socket;
    private SslStream? _stream;

    public string Id => id;

    /// <summary>When to come back, as the last answer said; null when it did not.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    /// <summary>Body of the last answer.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    public async Task ConnectAsync(CancellationToken cancellation)
    {
        Close();
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await _socket.ConnectAsync(server, cancellation);
#pragma warning disable CA5359 // The load generator measures; the tests check certificates.
        _stream = new SslStream(new NetworkStream(_socket), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await _stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ClientCertificateContext = _certificate }, cancellation);
    }

    public Task<int> PostAsync(ReadOnlyMemory<byte> prepared, CancellationToken cancellation) => SendAsync(prepared, cancellation);

    /// <summary>The hello of a gateway that has seen nothing yet.</summary>
    public Task<int> HelloAsync(CancellationToken cancellation)
    {
        var x = new XmlOutput();
        SmaWriter.WriteHello(x, new Hello { Gateway = id, Epoch = "held", Majors = [1], Software = "load", LastEvent = 0, LastInstruction = 0, Time = DateTimeOffset.UtcNow });
        byte[] head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"POST /sma/1/gw/{id}/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\nContent-Length: {x.Written.Length}\r\n\r\n"));
        return SendAsync((byte[])[.. head, .. x.Written], cancellation);
    }

    public Task<int> GetAsync(string resource, CancellationToken cancellation) =>
        SendAsync(Encoding.ASCII.GetBytes($"GET /sma/1/gw/{id}/{resource} HTTP/1.1\r\nHost: localhost\r\n\r\n"), cancellation);

    public void Dispose()
    {
        Close();
        certificate.Dispose();
    }

    private void Close()
    {
        _stream?.Dispose();
        _socket?.Dispose();
        _stream = null;
    }

    private async Task<int> SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        await _stream!.WriteAsync(request, cancellation);
        int length = 0;
        while (true)
        {
            int read = await _stream.ReadAsync(_buffer.AsMemory(length), cancellation);
            if (read == 0)
                throw new IOException("The server closed the connection.");
            length += read;
            int end = _buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end < 0)
                continue;
            int content = Number(_buffer.AsSpan(0, end), "Content-Length: "u8) ?? 0;
            RetryAfter = Number(_buffer.AsSpan(0, end), "Retry-After: "u8) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
            while (length < end + 4 + content)
            {
                read = await _stream.ReadAsync(_buffer.AsMemory(length), cancellation);
                if (read == 0)
                    throw new IOException("The server closed the connection.");
                length += read;
            }

            Body = _buffer.AsMemory(end + 4, content);
            return int.Parse(_buffer.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture);
        }
    }

    private static int? Number(ReadOnlySpan<byte> head, ReadOnlySpan<byte> header)
    {
        int at = head.IndexOf(header);
        if (at < 0)
            return null;
        ReadOnlySpan<byte> rest = head[(at + header.Length)..];
        int end = rest.IndexOf((byte)'\r');
        return int.Parse(end < 0 ? rest : rest[..end], NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
