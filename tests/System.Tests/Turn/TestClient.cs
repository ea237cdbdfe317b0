using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MediaRelay.Stun;

namespace MediaRelay.System.Tests.Turn;

/// <summary>
/// A TURN client over UDP or TCP that says exactly what a test wants, also what no decent client would say. No two have the same
/// port, so none ever meets the allocation that another one left behind.
/// </summary>
internal sealed class TestClient : IDisposable
{
    /// <summary>Below the range from which the kernel takes ports for others.</summary>
    private const int FirstPort = 15_000;
    private const int Ports = 15_000;

    private static int _ports;

    private readonly Socket _socket;
    private readonly bool _isStream;
    private readonly byte[] _buffer = new byte[2048];
    private readonly string _user;
    private readonly LongTermKey _key;
    private byte[] _nonce = [];

    public TestClient(string server, int port = 3478, bool stream = false, string user = RelayFixture.User, string password = RelayFixture.Password)
    {
        _user = user;
        _key = LongTermKey.Derive(PasswordAlgorithm.Md5, user, "relay.test", password);
        var end = new IPEndPoint(IPAddress.Parse(server), port);
        _isStream = stream;
        _socket = new Socket(end.AddressFamily, stream ? SocketType.Stream : SocketType.Dgram, stream ? ProtocolType.Tcp : ProtocolType.Udp) { ReceiveTimeout = 500 };
        LocalPort = FirstPort + (Interlocked.Increment(ref _ports) % Ports);
        _socket.Bind(new IPEndPoint(end.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, LocalPort));
        _socket.Connect(end);
    }

    public int LocalPort { get; }

    public delegate void Body(ref StunWriter writer);

    public TransportAddress Relayed { get; private set; }

    /// <summary>What the relay said the client's address is.</summary>
    public TransportAddress Mapped { get; private set; }

    public byte[] Ticket { get; private set; } = [];

    /// <summary>401, then Allocate; 0 on success, else the error code.</summary>
    public int Allocate(Body? more = null, byte transport = 17)
    {
        Body body = (ref StunWriter writer) =>
        {
            writer.AddRequestedTransport(transport);
            more?.Invoke(ref writer);
        };
        var challenge = Request(StunMethod.Allocate, body, authenticated: false);
        if (challenge.Length == 0 || !StunMessage.TryRead(challenge, out var asked, out _) || !asked.TryGetNonce(out var nonce))
            return -1;
        _nonce = nonce.ToArray();
        var answer = Request(StunMethod.Allocate, body);
        if (answer.Length > 0 && StunMessage.TryRead(answer, out var made, out _) && made.TryGetAddress(StunAttributeType.XorRelayedAddress, out var relayed))
        {
            Relayed = relayed;
            Mapped = made.TryGetAddress(StunAttributeType.XorMappedAddress, out var mapped) ? mapped : default;
            Ticket = made.TryGet(StunAttributeType.MobilityTicket, out var ticket) ? ticket.ToArray() : [];
        }

        return CodeOf(answer);
    }

    public int CreatePermission(params TransportAddress[] peers) => CodeOf(Request(StunMethod.CreatePermission, (ref StunWriter writer) =>
    {
        foreach (var peer in peers)
            writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
    }));

    public int BindChannel(TransportAddress peer, ushort channel) => CodeOf(Request(StunMethod.ChannelBind, (ref StunWriter writer) =>
    {
        writer.AddChannelNumber(channel);
        writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
    }));

    /// <summary>Connect (RFC 6062): 0 with a connection, else the error code; -1 when no answer came.</summary>
    public int Connect(TransportAddress peer) => CodeOf(Request(StunMethod.Connect, (ref StunWriter writer) => writer.AddAddress(StunAttributeType.XorPeerAddress, peer)));

    /// <summary>Takes over an allocation from another path with its mobility ticket (RFC 8016): asks for a nonce first.</summary>
    public int Move(TestClient before)
    {
        Body ticket = (ref StunWriter writer) => writer.Add(StunAttributeType.MobilityTicket, before.Ticket);
        var challenge = Request(StunMethod.Refresh, ticket, authenticated: false);
        if (challenge.Length == 0 || !StunMessage.TryRead(challenge, out var asked, out _) || !asked.TryGetNonce(out var nonce))
            return -1;
        _nonce = nonce.ToArray();
        var answer = Request(StunMethod.Refresh, ticket);
        if (answer.Length > 0 && StunMessage.TryRead(answer, out var moved, out _) && moved.TryGet(StunAttributeType.MobilityTicket, out var next))
            Ticket = next.ToArray();
        Relayed = before.Relayed;
        return CodeOf(answer);
    }

    public int Refresh(uint seconds) => CodeOf(Request(StunMethod.Refresh, (ref StunWriter writer) => writer.AddLifetime(seconds)));

    public void SendIndication(TransportAddress peer, ReadOnlySpan<byte> payload)
    {
        var writer = new StunWriter(_buffer, StunMethod.Send, StunClass.Indication, NewId());
        writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
        writer.Add(StunAttributeType.Data, payload);
        _ = _socket.Send(writer.Written);
    }

    public void SendChannelData(ushort channel, ReadOnlySpan<byte> payload)
    {
        ChannelData.WriteHeader(_buffer, channel, payload.Length);
        payload.CopyTo(_buffer.AsSpan(4));
        _ = _socket.Send(_buffer.AsSpan(0, _isStream ? (4 + payload.Length + 3) & ~3 : 4 + payload.Length));
    }

    /// <summary>The next message, or nothing after half a second.</summary>
    public byte[] Receive()
    {
        try
        {
            return _isStream ? ReceiveFrame() : _buffer[.._socket.Receive(_buffer)];
        }
        catch (SocketException)
        {
            return [];
        }
    }

    /// <summary>Sends raw bytes, as an attacker would.</summary>
    public void SendRaw(ReadOnlySpan<byte> bytes) => _ = _socket.Send(bytes);

    public void Dispose() => _socket.Dispose();

    private byte[] ReceiveFrame()
    {
        if (!ReceiveAll(_buffer.AsSpan(0, 4)))
            return [];
        var isChannel = _buffer[0] >> 6 == 1;
        var length = ((_buffer[2] << 8) | _buffer[3]) + (isChannel ? 4 : 20);
        return ReceiveAll(_buffer.AsSpan(4, ((length + 3) & ~3) - 4)) ? _buffer[..length] : [];
    }

    private bool ReceiveAll(Span<byte> part)
    {
        while (!part.IsEmpty)
        {
            var length = _socket.Receive(part);
            if (length == 0)
                return false;
            part = part[length..];
        }

        return true;
    }

    private static TransactionId NewId() => TransactionId.FromBytes(RandomNumberGenerator.GetBytes(TransactionId.Length));

    private static int CodeOf(byte[] answer)
    {
        if (answer.Length == 0 || !StunMessage.TryRead(answer, out var message, out _))
            return -1;
        return message.TryGetErrorCode(out var code, out _) ? (int)code : 0;
    }

    private byte[] Request(StunMethod method, Body body, bool authenticated = true)
    {
        Span<byte> request = stackalloc byte[1024];
        var id = NewId();
        var writer = new StunWriter(request, method, StunClass.Request, id);
        body(ref writer);
        if (authenticated)
        {
            writer.AddText(StunAttributeType.Username, _user);
            writer.AddText(StunAttributeType.Realm, "relay.test");
            writer.Add(StunAttributeType.Nonce, _nonce);
            writer.AddIntegrity(_key.Bytes);
        }

        for (var attempt = 0; attempt < 8; attempt++)
        {
            if (attempt == 0 || !_isStream)
                _ = _socket.Send(writer.Written);
            for (var answer = Receive(); answer.Length > 0; answer = Receive())
            {
                if (StunMessage.TryRead(answer, out var message, out _) && message.TransactionId == id)
                    return answer;
            }
        }

        return [];
    }
}
