using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using MediaRelay.Stun;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>TCP and TLS connections as they are on the wire: records, and the PROXY protocol in front of them.</summary>
public sealed class StreamListenerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-streams").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>TLS 1.2, because there every record of type 23 holds data.</summary>
    [Fact]
    public async Task Over_TLS_every_message_is_a_record_of_its_own_however_many_wait()
    {
        const int Requests = 90;
        using var node = await StartSecureAsync();
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(node.Tls.ToEndPoint());
        await using var wire = new RecordingStream(tcp.GetStream());
        await using var tls = await SecureAsync(wire);
        var requests = new byte[Requests * 20];
        for (var i = 0; i < Requests; i++)
            Binding(i).CopyTo(requests, i * 20);
        await tls.WriteAsync(requests);
        var reader = new StunStreamReader(maxMessage: 2048);
        for (var answers = 0; answers < Requests;)
        {
            var length = await tls.ReadAsync(reader.Free).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
            Assert.NotEqual(0, length);
            reader.Advance(length);
            while (reader.TryRead(out _, out _))
                answers++;
        }

        Assert.Equal(Requests, wire.RecordsOfType(23));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Behind_a_balancer_the_client_is_the_one_that_the_header_names(bool secure)
    {
        using var node = await StartSecureAsync("--proxy-protocol-from", "127.0.0.0/8");
        var (_, mapped) = await AskAsync(secure ? node.Tls : node.Address, Header("203.0.113.77:4711"), secure);
        Assert.Equal("203.0.113.77:4711", mapped);
        var (_, six) = await AskAsync(secure ? node.Tls : node.Address, Header("[2001:db8::77]:4712"), secure);
        Assert.Equal("[2001:db8::77]:4712", six);

        // A health check of the balancer itself (LOCAL) keeps the address of the connection.
        var (own, local) = await AskAsync(secure ? node.Tls : node.Address, [.. Signature, 0x20, 0, 0, 0], secure);
        Assert.Equal(own, local);
    }

    [Fact]
    public async Task From_a_balancer_a_connection_without_header_is_closed_and_from_elsewhere_it_is_served()
    {
        using var node = await StartSecureAsync("--proxy-protocol-from", "127.0.0.2/32");
        var (own, mapped) = await AskAsync(node.Address, [], secure: false);
        Assert.Equal(own, mapped);
        var (_, silent) = await AskAsync(node.Address, [], secure: false, from: "127.0.0.2");
        Assert.Equal("closed", silent);
        var (_, forged) = await AskAsync(node.Address, Header("203.0.113.77:4711"), secure: false);
        Assert.Equal("closed", forged);
    }

    [Fact]
    public async Task Without_an_address_for_metrics_no_web_server_listens_so_relays_run_side_by_side()
    {
        using var first = await TurnNode.StartAsync(secure: false, "--user", "alice:wonderland");
        using var second = await TurnNode.StartAsync(secure: false, "--user", "alice:wonderland");
        foreach (var node in (TurnNode[])[first, second])
        {
            var (own, mapped) = await AskAsync(node.Address, [], secure: false);
            Assert.Equal(own, mapped);
            Assert.Equal([(int)node.Address.Port], node.TcpPorts());
        }
    }

    /// <summary>256 connections of one address that never begin their handshake: the next is closed, and another address is served.</summary>
    [Fact]
    public async Task Silence_before_the_handshake_does_not_get_around_the_limit_of_an_address()
    {
        using var node = await StartSecureAsync();
        var silent = new List<Socket>();
        var closed = new HashSet<Socket>();
        try
        {
            for (var i = 0; i < 260; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                silent.Add(socket);
                try
                {
                    await socket.ConnectAsync(node.Tls.ToEndPoint());
                }
                catch (SocketException cut) when (cut.SocketErrorCode == SocketError.ConnectionReset)
                {
                    closed.Add(socket); // The reset was here before the news of the connection.
                }
            }

            for (var attempt = 0; attempt < 200 && closed.Count < 4; attempt++)
            {
                await Task.Delay(10);
                closed.UnionWith(silent.Where(socket => !closed.Contains(socket) && socket.Poll(0, SelectMode.SelectRead)));
            }

            Assert.Equal(4, closed.Count);
            var (own, mapped) = await AskAsync(node.Tls, [], secure: true, from: "127.0.0.2");
            Assert.Equal(own, mapped);
        }
        finally
        {
            silent.ForEach(socket => socket.Dispose());
        }
    }

    /// <summary>Of TLS 1.2 only suites with forward secrecy and authenticated encryption are taken, whatever the system would offer.</summary>
    [Fact]
    public async Task A_client_that_has_weak_suites_only_is_refused_in_the_handshake()
    {
        using var node = await StartSecureAsync();
        Assert.Equal(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, await SuiteAsync(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256));
        Exception? refusal = await Record.ExceptionAsync(() => SuiteAsync(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256));
        Assert.True(refusal is AuthenticationException or IOException, $"{refusal}");

        async Task<TlsCipherSuite> SuiteAsync(params TlsCipherSuite[] offered)
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(node.Tls.ToEndPoint());
            await using var tls = await SecureAsync(tcp.GetStream(), new CipherSuitesPolicy(offered));
            return tls.NegotiatedCipherSuite;
        }
    }

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>PROXY, version 2, over TCP: source, then a destination, their ports, and one TLV that is to be skipped.</summary>
    private static byte[] Header(string source)
    {
        var client = TransportAddress.Parse(source);
        var size = client.IsV4 ? 4 : 16;
        var header = new byte[16 + (2 * size) + 4 + 4];
        Signature.CopyTo(header);
        header[12] = 0x21;
        header[13] = client.IsV4 ? (byte)0x11 : (byte)0x21;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(14), (ushort)(header.Length - 16));
        _ = client.WriteAddress(header.AsSpan(16));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(16 + (2 * size)), client.Port);
        header[^4] = 0x04;
        header[^2] = 1;
        return header;
    }

    /// <summary>Header and Binding request in one piece; the connection's own address and what the relay saw, or "closed".</summary>
    private static async Task<(string Own, string Mapped)> AskAsync(TransportAddress server, byte[] header, bool secure, string from = "127.0.0.1")
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(server.ToEndPoint());
        var own = socket.LocalEndPoint!.ToString()!;
        await using Stream plain = new NetworkStream(socket);
        if (secure)
            await plain.WriteAsync(header);
        await using var stream = secure ? await SecureAsync(plain) : plain;
        await stream.WriteAsync(secure ? Binding(1) : [.. header, .. Binding(1)]);
        var answer = new byte[256];
        try
        {
            var length = await stream.ReadAsync(answer).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
            return (own, StunMessage.TryRead(answer.AsSpan(0, length), out var read, out _) && read.TryGetAddress(StunAttributeType.XorMappedAddress, out var mapped) ? mapped.ToString() : "closed");
        }
        catch (IOException)
        {
            return (own, "closed");
        }
    }

    private static byte[] Binding(int number)
    {
        var buffer = new byte[20];
        var writer = new StunWriter(buffer, StunMethod.Binding, StunClass.Request, TransactionId.FromBytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)(number >> 8), (byte)number]));
        return buffer[..writer.Length];
    }

    private static async Task<SslStream> SecureAsync(Stream wire, CipherSuitesPolicy? suites = null)
    {
        var tls = new SslStream(wire);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "relay.test",
            EnabledSslProtocols = SslProtocols.Tls12,
            CipherSuitesPolicy = suites,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=relay.test",
        });
        return tls;
    }

    private Task<TurnNode> StartSecureAsync(params string[] more)
    {
        TestCertificate.Write("relay.test", Path.Combine(_folder, "c.pem"), Path.Combine(_folder, "k.pem"));
        return TurnNode.StartAsync(secure: true, ["--tls-listen", "127.0.0.1:0", "--dtls-listen", "127.0.0.1:0", "--cert", Path.Combine(_folder, "c.pem"), "--key", Path.Combine(_folder, "k.pem"),
            "--user", "alice:wonderland", .. more]);
    }

    /// <summary>Keeps what was read, to look at the record headers: type, version, length.</summary>
    private sealed class RecordingStream(Stream inner) : Stream
    {
        private readonly MemoryStream _seen = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public int RecordsOfType(byte type)
        {
            var bytes = _seen.ToArray();
            var count = 0;
            for (var at = 0; at + 5 <= bytes.Length; at += 5 + BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at + 3)))
                count += bytes[at] == type ? 1 : 0;
            return count;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var length = await inner.ReadAsync(buffer, cancellationToken);
            _seen.Write(buffer.Span[..length]);
            return length;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
