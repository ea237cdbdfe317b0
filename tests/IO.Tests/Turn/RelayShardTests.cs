using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Turn;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.IO;
using MediaRelay.Turn.IO.Shards;
using MediaRelay.Turn.IO.Sockets;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>A shard with real sockets on loopback: ChannelData both ways, Send and Data, bytes intact, nothing allocated per datagram.</summary>
public sealed class RelayShardTests : IDisposable
{
    private const int Datagrams = 1000;
    private readonly Socket _peer = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5000 };
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5000 };
    private readonly byte[] _buffer = new byte[2048];
    private readonly byte[] _payload = RandomNumberGenerator.GetBytes(1200);

    public RelayShardTests() => _peer.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public void Dispose()
    {
        _peer.Dispose();
        _client.Dispose();
    }

    [Theory]
    [InlineData(DatagramMechanism.Auto, true)]
    [InlineData(DatagramMechanism.Auto, false)]
    [InlineData(DatagramMechanism.Epoll, true)]
    [InlineData(DatagramMechanism.Epoll, false)]
    public async Task Relaying_allocates_nothing_and_keeps_every_byte(DatagramMechanism mechanism, bool channel)
    {
        using var shard = Start(mechanism, out var server);
        Assert.Equal(mechanism == DatagramMechanism.Auto ? "io_uring" : "epoll", shard.Mechanism);
        _client.Connect(server.ToEndPoint());
        var relayed = Allocate();
        var peer = TransportAddress.From((IPEndPoint)_peer.LocalEndPoint!);
        Assert.Equal(StunClass.Success, Request(StunMethod.ChannelBind, (ref StunWriter writer) =>
        {
            if (channel)
                writer.AddChannelNumber(0x4001);
            writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
        }, channel ? StunMethod.ChannelBind : StunMethod.CreatePermission));

        Exchange(relayed, peer, channel, Datagrams);
        var before = await AllocatedAsync(shard);
        Exchange(relayed, peer, channel, Datagrams);
        Assert.Equal(0, await AllocatedAsync(shard) - before);
        Assert.Equal(Datagrams * 2, shard.EngineCounters.PacketsToPeer);
        Assert.Equal(Datagrams * 2, shard.EngineCounters.PacketsToClient);
        Assert.Equal(0, shard.Counters.SendFailures);
    }

    [Theory]
    [InlineData(DatagramMechanism.Auto)]
    [InlineData(DatagramMechanism.Epoll)]
    public async Task A_control_message_behind_a_thousand_media_datagrams_is_answered_in_the_first_turn(DatagramMechanism mechanism)
    {
        const int Media = 1000;
        using var shard = Start(mechanism, out var server);
        _client.ReceiveBufferSize = 4 << 20;
        _client.Connect(server.ToEndPoint());
        var relayed = Allocate();
        BindChannel();
        using var paused = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        await shard.Inbox.PostAsync(ignored =>
        {
            paused.Set();
            _ = goOn.Wait(TimeSpan.FromSeconds(30));
        });
        Assert.True(paused.Wait(TimeSpan.FromSeconds(10)));
        for (var i = 0; i < Media; i++)
            _ = _peer.SendTo(_payload.AsSpan(0, 100), relayed.ToEndPoint());
        var question = new byte[64];
        var writer = new StunWriter(question, StunMethod.Binding, StunClass.Request, TransactionId.FromBytes(_payload.AsSpan(0, 12)));
        _ = _client.Send(question.AsSpan(0, writer.Length));
        goOn.Set();

        // Both arrive on one socket, so the order of sending is the order of reading.
        var before = 0;
        while (!StunMessage.TryRead(_buffer.AsSpan(0, _client.Receive(_buffer)), out _, out _))
            before++;
        Assert.InRange(before, 0, DatagramLoop.Budget);
        for (var rest = before; rest < Media; rest++)
            Assert.Equal(104, _client.Receive(_buffer));
        Assert.Equal(0, shard.Counters.DroppedByKernel);
    }

    [Fact]
    public void Where_io_uring_is_forbidden_a_shard_serves_over_epoll()
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                // The filter holds for this thread and those it starts.
                ForbiddenCalls.Forbid(UringSetup);
                Assert.False(UringLoop.TryCreate(out _, out var error));
                Assert.Equal(LibC.Eperm, error);
                using var shard = Start(DatagramMechanism.Auto, out var server);
                Assert.Equal("epoll", shard.Mechanism);
                _client.Connect(server.ToEndPoint());
                var relayed = Allocate();
                Exchange(relayed, BindChannel(), channel: true, 50);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    /// <summary>A datagram that meets a bug costs its sender an answer; those of others in the same batch are served.</summary>
    [Theory]
    [InlineData(DatagramMechanism.Auto)]
    [InlineData(DatagramMechanism.Epoll)]
    public async Task A_datagram_that_meets_a_bug_takes_nothing_from_the_others_of_its_batch(DatagramMechanism mechanism)
    {
        var observer = new FailingObserver();
        using var shard = Start(mechanism, out var server, observer);
        _client.Connect(server.ToEndPoint());
        _ = Request(StunMethod.Allocate, static (ref StunWriter writer) => writer.AddRequestedTransport(17));
        using var paused = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        await shard.Inbox.PostAsync(ignored =>
        {
            paused.Set();
            _ = goOn.Wait(TimeSpan.FromSeconds(30));
        });
        Assert.True(paused.Wait(TimeSpan.FromSeconds(10)));
        var poison = new byte[512];
        var wrong = new StunWriter(poison, StunMethod.Allocate, StunClass.Request, TransactionId.FromBytes(_payload.AsSpan(0, 12)));
        wrong.AddRequestedTransport(17);
        wrong.AddText(StunAttributeType.Username, "alice");
        wrong.AddText(StunAttributeType.Realm, "test");
        wrong.Add(StunAttributeType.Nonce, _nonce);
        wrong.AddIntegrity(LongTermKey.Derive(PasswordAlgorithm.Md5, "alice", "test", "wrong").Bytes);
        var others = Enumerable.Range(0, 3).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5000 }).ToList();
        var question = new byte[64];
        var binding = new StunWriter(question, StunMethod.Binding, StunClass.Request, TransactionId.FromBytes(_payload.AsSpan(12, 12)));
        foreach (var other in others)
        {
            _ = _client.Send(poison.AsSpan(0, wrong.Length));
            _ = other.SendTo(question.AsSpan(0, binding.Length), server.ToEndPoint());
        }

        goOn.Set();
        Assert.All(others, other => Assert.InRange(other.Receive(_buffer), 20, 100));
        others.ForEach(other => other.Dispose());
        Assert.Equal(3, observer.Failures);
        Assert.Equal(3, shard.Counters.Restarts);
    }

    /// <summary>Throws where a refusal is told, as a bug in the path of a request would.</summary>
    private sealed class FailingObserver : ITurnObserver
    {
        private int _failures;

        public int Failures => Volatile.Read(ref _failures);

        public void AllocationCreated(int shard, in RelayCommand command)
        {
        }

        public void AllocationGone(int shard, in RelayCommand command)
        {
        }

        public void Refused(in FiveTuple from, RelayOutcome outcome, ReadOnlySpan<byte> userName) => throw new InvalidOperationException("a bug");

        public void Withheld(int shard, long count, TransportAddress newest)
        {
        }

        public void PortFailed(int shard, TransportAddress address, SocketError error)
        {
        }

        public void ShardFailed(int shard, Exception exception) => Interlocked.Increment(ref _failures);
    }

    private const uint UringSetup = 425;

    private TransportAddress BindChannel()
    {
        var peer = TransportAddress.From((IPEndPoint)_peer.LocalEndPoint!);
        Assert.Equal(StunClass.Success, Request(StunMethod.ChannelBind, (ref StunWriter writer) =>
        {
            writer.AddChannelNumber(0x4001);
            writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
        }));
        return peer;
    }

    /// <summary>Reads the shard thread's count on that thread; the reading itself leaves nothing behind there.</summary>
    private static async Task<long> AllocatedAsync(RelayShard shard)
    {
        var read = new long[] { -1 };
        await shard.Inbox.PostAsync(_ => Volatile.Write(ref read[0], GC.GetAllocatedBytesForCurrentThread()));
        while (Volatile.Read(ref read[0]) < 0)
            await Task.Delay(1);
        return read[0];
    }

    private static RelayShard Start(DatagramMechanism mechanism, out TransportAddress server, ITurnObserver? observer = null)
    {
        var sockets = UdpListenerSockets.Open(TransportAddress.Parse("127.0.0.1:0"), 1);
        Assert.True(sockets.IsSteered);
        server = sockets.Address;
        var listeners = new[] { new RelayListener(server, ClientTransport.Udp) };
        var loopback = TransportAddress.Parse("127.0.0.1:0");
        var relays = new[] { new RelayAddress(loopback, loopback, new PortRange(40_000, 48_000)) };
        var random = RandomNumberGenerator.Create();
        var settings = new RelaySettings { Listeners = listeners, RelayAddresses = relays, NonceKey = RandomNumberGenerator.GetBytes(32) };
        var shard = new RelayShard(
            new ShardSettings
            {
                Index = 0,
                Listeners = listeners,
                Sockets = [(0, sockets.Control[0], false), (0, sockets.Media[0], true)],
                RelayAddresses = relays,
                RelayBuffer = 1 << 20,
                Mechanism = mechanism,
                CreateEngine = () => new RelayEngine(
                    settings,
                    new RelayLimits { AllocationBitRate = 0, SubscriberBitRate = 0 },
                    new RelayCredentials("test", [StaticUser.Create("alice", "test", "wonderland")]),
                    new PeerFilter(new PeerPolicy { OpensLoopback = true }),
                    random),
            },
            observer ?? new TurnEvents(listeners, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance),
            TimeProvider.System);
        shard.Siblings = [shard];
        shard.Start();
        return shard;
    }

    private void Exchange(TransportAddress relayed, TransportAddress peer, bool channel, int count)
    {
        var message = new byte[2048];
        var from = new byte[2048];
        EndPoint any = new IPEndPoint(IPAddress.Any, 0);
        var target = relayed.ToEndPoint();
        for (var i = 0; i < count; i++)
        {
            var length = 1 + (i % _payload.Length);
            var payload = _payload.AsSpan(0, length);
            int total;
            if (channel)
            {
                ChannelData.WriteHeader(message, 0x4001, length);
                payload.CopyTo(message.AsSpan(4));
                total = length + 4;
            }
            else
            {
                var writer = new StunWriter(message, StunMethod.Send, StunClass.Indication, TransactionId.FromBytes(_payload.AsSpan(0, 12)));
                writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
                writer.Add(StunAttributeType.Data, payload);
                total = writer.Length;
            }

            _ = _client.Send(message.AsSpan(0, total));
            var heard = _peer.ReceiveFrom(from, ref any);
            Assert.True(payload.SequenceEqual(from.AsSpan(0, heard)));
            Assert.Equal(target, any);

            _ = _peer.SendTo(payload, target);
            var got = _client.Receive(from);
            if (channel)
            {
                Assert.True(ChannelData.TryRead(from.AsSpan(0, got), out var data));
                Assert.True(payload.SequenceEqual(data.Payload));
            }
            else
            {
                Assert.True(StunMessage.TryRead(from.AsSpan(0, got), out var indication, out _));
                Assert.True(indication.TryGet(StunAttributeType.Data, out var data));
                Assert.True(payload.SequenceEqual(data));
            }
        }
    }

    private delegate void Body(ref StunWriter writer);

    private byte[] _nonce = [];

    private TransportAddress Allocate()
    {
        _ = Request(StunMethod.Allocate, static (ref StunWriter writer) => writer.AddRequestedTransport(17));
        Assert.Equal(StunClass.Success, Request(StunMethod.Allocate, static (ref StunWriter writer) => writer.AddRequestedTransport(17)));
        Assert.True(StunMessage.TryRead(_answer, out var made, out _));
        Assert.True(made.TryGetAddress(StunAttributeType.XorRelayedAddress, out var relayed));
        return relayed;
    }

    private byte[] _answer = [];

    private StunClass Request(StunMethod name, Body body, StunMethod? method = null)
    {
        var writer = new StunWriter(_buffer, method ?? name, StunClass.Request, TransactionId.FromBytes(RandomNumberGenerator.GetBytes(12)));
        body(ref writer);
        if (_nonce.Length > 0)
        {
            writer.AddText(StunAttributeType.Username, "alice");
            writer.AddText(StunAttributeType.Realm, "test");
            writer.Add(StunAttributeType.Nonce, _nonce);
            writer.AddIntegrity(LongTermKey.Derive(PasswordAlgorithm.Md5, "alice", "test", "wonderland").Bytes);
        }

        _ = _client.Send(writer.Written);
        var answer = new byte[2048];
        _answer = answer[.._client.Receive(answer)];
        Assert.True(StunMessage.TryRead(_answer, out var message, out _));
        if (message.TryGetNonce(out var nonce))
            _nonce = nonce.ToArray();
        return message.Class;
    }
}
