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
    private readonly byte[] _buffer = new byte[1024];
    private byte[] _nonce = [];
    private static readonly LongTermKey Key = LongTermKey.Derive(PasswordAlgorithm.Md5, ServerUnderTest.User, ServerUnderTest.Realm, ServerUnderTest.Password);
    private static int _homes;
    private readonly byte[] _request = new byte[512];
    private TransactionId _id;
    private int _requestLength;

    public LoadAllocation(IPAddress? from = null)
    {
        Socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 1000 };
        if (from is not null)
            Socket.Bind(new IPEndPoint(from, 0));
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
    public static LoadAllocation Create() => CreateMany(1, fromHomes: false)[0];

    /// <summary>Makes many allocations with a number of clients under way at once, as after an outage.</summary>
    public static List<LoadAllocation> CreateMany(int count, int underWay = 64, bool fromHomes = true)
    {
        var made = new List<LoadAllocation>(count);
        while (made.Count < count)
        {
            var batch = Enumerable.Range(0, Math.Min(underWay, count - made.Count)).Select(_ => new LoadAllocation(fromHomes ? NextHome() : null)).ToList();
            batch.ForEach(allocation => allocation.BeginChallenge());
            var asked = batch.Where(allocation => allocation.EndChallenge()).ToList();
            asked.ForEach(allocation => allocation.BeginAllocate());
            var done = asked.Where(allocation => allocation.EndAllocate()).ToList();
            made.AddRange(done);
            foreach (var failed in batch.Except(done))
                failed.Dispose();
        }

        return made;
    }

    private static IPAddress NextHome()
    {
        var home = Interlocked.Increment(ref _homes) / 4 % 60_000;
        return IPAddress.Parse($"{RelayNetwork.StormNetwork}.{1 + (home / 250)}.{1 + (home % 250)}");
    }

    /// <summary>Refreshes many allocations with a number of requests under way at once.</summary>
    public static void RefreshMany(IReadOnlyList<LoadAllocation> allocations, uint seconds, int underWay = 64)
    {
        foreach (var batch in allocations.Chunk(underWay))
        {
            foreach (var allocation in batch)
                allocation.Begin(StunMethod.Refresh, authenticated: true, (ref StunWriter writer) => writer.AddLifetime(seconds));
            foreach (var allocation in batch)
            {
                if (allocation.Read(allocation.End()).Class != StunClass.Success)
                    throw new InvalidOperationException("Refresh failed.");
            }
        }
    }

    /// <summary>Asks for the channel again without waiting for the answer: permissions live for five minutes.</summary>
    public void BeginBindChannel(TransportAddress peer) => Begin(StunMethod.ChannelBind, authenticated: true, (ref StunWriter writer) =>
    {
        writer.AddChannelNumber(Channel);
        writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
    });

    public void BindChannel(TransportAddress peer)
    {
        BeginBindChannel(peer);
        if (Read(End()).Class != StunClass.Success)
            throw new InvalidOperationException("ChannelBind failed.");
    }

    private static string ErrorOf(in StunMessage message) =>
        message.TryGetErrorCode(out var code, out _) ? $"error {(int)code}" : $"{message.Class} {message.Method}";

    public void Dispose() => Socket.Dispose();

    private delegate void Body(ref StunWriter writer);

    private StunMessage Read(int length) => StunMessage.TryRead(_buffer.AsSpan(0, length), out var message, out var error)
        ? message
        : throw new InvalidOperationException($"Unreadable answer: {error}.");

    private void BeginChallenge() => Begin(StunMethod.Allocate, authenticated: false, static (ref StunWriter writer) => writer.AddRequestedTransport(17));

    private bool EndChallenge()
    {
        var response = Read(End());
        if (response.TryGetErrorCode(out var code, out _) && code == StunErrorCode.AllocationMismatch)
            return false;
        if (!response.TryGetNonce(out var nonce))
            throw new InvalidOperationException($"The server sent no NONCE but {ErrorOf(response)}.");
        _nonce = nonce.ToArray();
        return true;
    }

    private void BeginAllocate() => Begin(StunMethod.Allocate, authenticated: true, static (ref StunWriter writer) => writer.AddRequestedTransport(17));

    private bool EndAllocate()
    {
        var response = Read(End());
        if (response.TryGetErrorCode(out var code, out _) && code == StunErrorCode.AllocationMismatch)
            return false;
        if (!response.TryGetAddress(StunAttributeType.XorRelayedAddress, out var relayed))
            throw new InvalidOperationException($"Allocate was answered {ErrorOf(response)}.");
        Relayed = relayed;
        return true;
    }

    private void Begin(StunMethod method, bool authenticated, Body body)
    {
        _id = TransactionId.FromBytes(RandomNumberGenerator.GetBytes(TransactionId.Length));
        var writer = new StunWriter(_request, method, StunClass.Request, _id);
        body(ref writer);
        if (authenticated)
        {
            writer.AddText(StunAttributeType.Username, ServerUnderTest.User);
            writer.AddText(StunAttributeType.Realm, ServerUnderTest.Realm);
            writer.Add(StunAttributeType.Nonce, _nonce);
            writer.AddIntegrity(Key.Bytes);
        }

        _requestLength = writer.Length;
        _ = Socket.Send(_request.AsSpan(0, _requestLength));
    }

    private int End()
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            try
            {
                while (true)
                {
                    var length = Socket.Receive(_buffer);
                    if (StunMessage.TryRead(_buffer.AsSpan(0, length), out var message, out _) && message.TransactionId == _id)
                        return length;
                }
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
            {
                _ = Socket.Send(_request.AsSpan(0, _requestLength));
            }
        }

        throw new InvalidOperationException("A request was not answered.");
    }
}
