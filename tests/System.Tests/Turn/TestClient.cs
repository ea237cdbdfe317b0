using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MediaRelay.Stun;

namespace MediaRelay.System.Tests.Turn;

/// <summary>A TURN client over UDP that says exactly what a test wants, also what no decent client would say.</summary>
internal sealed class TestClient : IDisposable
{
    private readonly EndPoint _server;
    private Socket _socket;
    private readonly byte[] _buffer = new byte[2048];
    private readonly LongTermKey _key = LongTermKey.Derive(PasswordAlgorithm.Md5, RelayFixture.User, "relay.test", RelayFixture.Password);
    private byte[] _nonce = [];

    public TestClient(string server, int port = 3478)
    {
        _server = new IPEndPoint(IPAddress.Parse(server), port);
        _socket = Open(_server);
    }

    public delegate void Body(ref StunWriter writer);

    public TransportAddress Relayed { get; private set; }

    /// <summary>401, then Allocate; 0 on success, else the error code. A port that an earlier client left an allocation on is given up for another.</summary>
    public int Allocate(Body? more = null)
    {
        var code = AllocateOnce(more);
        for (var attempt = 0; code == 437 && attempt < 4; attempt++)
        {
            _socket.Dispose();
            _socket = Open(_server);
            code = AllocateOnce(more);
        }

        return code;
    }

    private static Socket Open(EndPoint server)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 500 };
        socket.Connect(server);
        return socket;
    }

    private int AllocateOnce(Body? more)
    {
        Body body = (ref StunWriter writer) =>
        {
            writer.AddRequestedTransport(17);
            more?.Invoke(ref writer);
        };
        var challenge = Request(StunMethod.Allocate, body, authenticated: false);
        if (challenge.Length == 0 || !StunMessage.TryRead(challenge, out var asked, out _) || !asked.TryGetNonce(out var nonce))
            return -1;
        _nonce = nonce.ToArray();
        var answer = Request(StunMethod.Allocate, body);
        if (answer.Length > 0 && StunMessage.TryRead(answer, out var made, out _) && made.TryGetAddress(StunAttributeType.XorRelayedAddress, out var relayed))
            Relayed = relayed;
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
        _ = _socket.Send(_buffer.AsSpan(0, 4 + payload.Length));
    }

    /// <summary>The next datagram, or nothing after half a second.</summary>
    public byte[] Receive()
    {
        try
        {
            return _buffer[.._socket.Receive(_buffer)];
        }
        catch (SocketException)
        {
            return [];
        }
    }

    /// <summary>Sends raw bytes, as an attacker would.</summary>
    public void SendRaw(ReadOnlySpan<byte> bytes) => _ = _socket.Send(bytes);

    public void Dispose() => _socket.Dispose();

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
            writer.AddText(StunAttributeType.Username, RelayFixture.User);
            writer.AddText(StunAttributeType.Realm, "relay.test");
            writer.Add(StunAttributeType.Nonce, _nonce);
            writer.AddIntegrity(_key.Bytes);
        }

        for (var attempt = 0; attempt < 8; attempt++)
        {
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
