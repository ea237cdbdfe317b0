using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MediaRelay.Stun;

namespace MediaRelay.Load.Relay;

/// <summary>
/// One allocation of the load, made with real messages: 401, Allocate with integrity, ChannelBind. The socket is a plain blocking
/// one while it signals; the media generator takes the descriptor over afterwards.
/// </summary>
internal sealed class LoadAllocation : IDisposable
{
    public const ushort Channel = 0x4001;

    private static readonly IPEndPoint Server = new(IPAddress.Parse(RelayNetwork.ServerAddress), ServerUnderTest.Port);
    private readonly byte[] _buffer = new byte[2048];
    private byte[] _nonce = [];
    private LongTermKey _key;

    public LoadAllocation()
    {
        Socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 1000 };
        Socket.Connect(Server);
    }

    public Socket Socket { get; }

    public TransportAddress Relayed { get; private set; }

    /// <summary>Polls with Binding requests until the server answers; false after 20 seconds or when it ended.</summary>
    public static bool WaitUntilAnswering(Func<bool> isAlive)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(20) && isAlive())
        {
            using var probe = new LoadAllocation();
            probe.Socket.ReceiveTimeout = 100;
            var buffer = new byte[128];
            var writer = new StunWriter(buffer, StunMethod.Binding, StunClass.Request, TransactionId.New(RandomNumberGenerator.Create()));
            try
            {
                _ = probe.Socket.Send(buffer.AsSpan(0, writer.Length));
                if (probe.Socket.Receive(buffer) > 20)
                    return true;
            }
            catch (SocketException)
            {
                Thread.Sleep(20);
            }
        }

        return false;
    }

    /// <summary>Makes an allocation from a fresh port; a port that the server still remembers (437) is skipped.</summary>
    public static LoadAllocation Create()
    {
        while (true)
        {
            var allocation = new LoadAllocation();
            if (allocation.TryAllocate())
                return allocation;
            allocation.Dispose();
        }
    }

    private bool TryAllocate()
    {
        var challenge = Exchange(StunMethod.Allocate, authenticated: false, static (ref StunWriter writer) => writer.AddRequestedTransport(17));
        var response = Read(challenge);
        if (response.TryGetErrorCode(out var code, out _) && code == StunErrorCode.AllocationMismatch)
            return false;
        if (!response.TryGetNonce(out var nonce))
            throw new InvalidOperationException($"The server sent no NONCE but {ErrorOf(response)}.");
        _nonce = nonce.ToArray();
        _key = LongTermKey.Derive(PasswordAlgorithm.Md5, ServerUnderTest.User, ServerUnderTest.Realm, ServerUnderTest.Password);
        var length = Exchange(StunMethod.Allocate, authenticated: true, static (ref StunWriter writer) => writer.AddRequestedTransport(17));
        if (!Read(length).TryGetAddress(StunAttributeType.XorRelayedAddress, out var relayed))
            throw new InvalidOperationException($"Allocate was answered {ErrorOf(Read(length))}.");
        Relayed = relayed;
        return true;
    }

    public void BindChannel(TransportAddress peer)
    {
        var length = Exchange(StunMethod.ChannelBind, authenticated: true, (ref StunWriter writer) =>
        {
            writer.AddChannelNumber(Channel);
            writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
        });
        if (Read(length).Class != StunClass.Success)
            throw new InvalidOperationException("ChannelBind failed.");
    }

    public void Refresh(uint seconds)
    {
        var length = Exchange(StunMethod.Refresh, authenticated: true, (ref StunWriter writer) => writer.AddLifetime(seconds));
        if (Read(length).Class != StunClass.Success)
            throw new InvalidOperationException("Refresh failed.");
    }

    private static string ErrorOf(in StunMessage message) =>
        message.TryGetErrorCode(out var code, out _) ? $"error {(int)code}" : $"{message.Class} {message.Method}";

    public void Dispose() => Socket.Dispose();

    private delegate void Body(ref StunWriter writer);

    private StunMessage Read(int length) => StunMessage.TryRead(_buffer.AsSpan(0, length), out var message, out var error)
        ? message
        : throw new InvalidOperationException($"Unreadable answer: {error}.");

    private int Exchange(StunMethod method, bool authenticated, Body body)
    {
        Span<byte> request = stackalloc byte[512];
        var id = TransactionId.FromBytes(RandomNumberGenerator.GetBytes(TransactionId.Length));
        var writer = new StunWriter(request, method, StunClass.Request, id);
        body(ref writer);
        if (authenticated)
        {
            writer.AddText(StunAttributeType.Username, ServerUnderTest.User);
            writer.AddText(StunAttributeType.Realm, ServerUnderTest.Realm);
            writer.Add(StunAttributeType.Nonce, _nonce);
            writer.AddIntegrity(_key.Bytes);
        }

        for (var attempt = 0; attempt < 5; attempt++)
        {
            _ = Socket.Send(request[..writer.Length]);
            try
            {
                while (true)
                {
                    var length = Socket.Receive(_buffer);
                    if (StunMessage.TryRead(_buffer.AsSpan(0, length), out var message, out _) && message.TransactionId == id)
                        return length;
                }
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.TimedOut)
            {
            }
        }

        throw new InvalidOperationException($"{method} was not answered.");
    }
}
