using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Stun;

namespace MediaRelay.Server.TurnTest;

/// <summary>One way to a TURN server: whole messages out, whole messages in.</summary>
internal abstract class TurnLink : IAsyncDisposable
{
    /// <summary>What was agreed while connecting, in words; empty for UDP and TCP.</summary>
    public string Description { get; protected set; } = "";

    /// <summary>Connects. A certificate that does not hold is an IOException unless <paramref name="insecure"/> is set.</summary>
    public static async Task<TurnLink> ConnectAsync(StunTransport transport, TransportAddress server, string host, bool insecure, CancellationToken stop)
    {
        var family = server.IsV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        if (transport is StunTransport.Udp or StunTransport.Dtls)
        {
            var udp = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
            await udp.ConnectAsync(server.ToEndPoint(), stop).ConfigureAwait(false);
            return transport == StunTransport.Udp ? new DatagramLink(udp) : await DtlsLink.HandshakeAsync(udp, stop).ConfigureAwait(false);
        }

        var tcp = new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await tcp.ConnectAsync(server.ToEndPoint(), stop).ConfigureAwait(false);
            var stream = new NetworkStream(tcp, ownsSocket: true);
            return transport == StunTransport.Tcp ? new StreamLink(stream, "") : await SecureAsync(stream, host, insecure, stop).ConfigureAwait(false);
        }
        catch
        {
            tcp.Dispose();
            throw;
        }
    }

    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken stop);

    /// <summary>The next message, valid until the next call; empty when the server closed.</summary>
    public abstract ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken stop);

    public abstract ValueTask DisposeAsync();

    private static async Task<TurnLink> SecureAsync(NetworkStream stream, string host, bool insecure, CancellationToken stop)
    {
        var fault = "";
        var tls = new SslStream(stream);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ApplicationProtocols = [new SslApplicationProtocol("stun.turn")],
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            {
                fault = Describe(errors, certificate as X509Certificate2, chain);
                return insecure || errors == SslPolicyErrors.None;
            },
        };
        try
        {
            await tls.AuthenticateAsClientAsync(options, stop).ConfigureAwait(false);
        }
        catch (System.Security.Authentication.AuthenticationException e)
        {
            throw new IOException(fault.Length > 0 ? fault : e.Message, e);
        }

        var note = fault.Length > 0 ? $", certificate not accepted: {fault}" : "";
        return new StreamLink(tls, $"{tls.SslProtocol}, {tls.NegotiatedCipherSuite}{note}");
    }

    private static string Describe(SslPolicyErrors errors, X509Certificate2? certificate, X509Chain? chain)
    {
        if (errors == SslPolicyErrors.None)
            return "";
        var words = new List<string>();
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            words.Add("the server sent no certificate");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            words.Add($"the certificate is for {certificate?.GetNameInfo(X509NameType.DnsName, forIssuer: false)}");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && chain is not null)
            words.AddRange(chain.ChainStatus.Select(s => s.StatusInformation.Trim()));
        return string.Join("; ", words);
    }

    private sealed class DatagramLink(Socket socket) : TurnLink
    {
        private readonly byte[] _buffer = new byte[65536];

        public override async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken stop) => await socket.SendAsync(message, stop).ConfigureAwait(false);

        public override async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken stop)
        {
            while (true)
            {
                var length = await socket.ReceiveAsync(_buffer, stop).ConfigureAwait(false);
                if (length > 0)
                    return _buffer.AsMemory(0, length);
            }
        }

        public override ValueTask DisposeAsync()
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class StreamLink : TurnLink
    {
        private readonly Stream _stream;
        private readonly StunStreamReader _reader = new(maxMessage: 65536);

        public StreamLink(Stream stream, string description)
        {
            _stream = stream;
            Description = description;
        }

        public override ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken stop) => _stream.WriteAsync(message, stop);

        public override async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken stop)
        {
            while (true)
            {
                if (_reader.TryRead(out _, out var message))
                    return message;
                if (_reader.IsBroken)
                    throw new IOException("the server sent something that is neither STUN nor ChannelData");
                var received = await _stream.ReadAsync(_reader.Free, stop).ConfigureAwait(false);
                if (received == 0)
                    return default;
                _reader.Advance(received);
            }
        }

        public override ValueTask DisposeAsync() => _stream.DisposeAsync();
    }
}
