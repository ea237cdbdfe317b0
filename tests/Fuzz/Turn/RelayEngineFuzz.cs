using System.Buffers.Binary;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.Discovery;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Fuzz.Turn;

/// <summary>Anything may arrive at a relay: strangers never get an allocation, known users never reach a refused peer, nothing throws.</summary>
public class RelayEngineFuzz
{
    private static readonly TransportAddress Server = TransportAddress.Parse("20.0.0.1:3478");
    private static readonly TransportAddress ServerV6 = TransportAddress.Parse("[2a00:1::1]:3478");
    private static readonly DateTimeOffset Utc = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly RelayCredentials Credentials = new("example.org", [StaticUser.Create("alice", "example.org", "wonder")])
    {
        TimedSecrets = new TimedSecrets(new byte[32]),
        TokenKeys = [new TokenKey("kid"u8.ToArray(), new byte[32])],
        ServerName = "turn",
    };

    private static readonly PeerFilter Filter = new(new PeerPolicy { OwnAddresses = [Server, ServerV6], RelayAddresses = [Server, ServerV6], Listeners = [Server, ServerV6] });

    private readonly byte[] _reply = new byte[RelayEngine.MaxReply];
    private readonly List<RelayCommand> _commands = [];

    private static IReadOnlyList<byte[]> Corpus =>
    [
        .. VectorFile.Rows("stun_turn_own.json", "messages").Select(r => r.HexProperty("hex")),
        .. VectorFile.Rows("stun_turn_own.json", "channel_data").Select(r => r.HexProperty("hex")),
        .. VectorFile.Rows("stun_rfc5769_rfc8489.json", "vectors").Select(r => r.HexProperty("hex")),
    ];

    [Fact]
    public void Strangers_get_small_answers_and_nothing_else()
    {
        var engine = Engine();
        var number = 0;
        FuzzRun.Over(Corpus, seed: 41, count: 150_000, input =>
        {
            var from = new FiveTuple(TransportAddress.V4((uint)(0x5000_0000 + (number++ % 5000)), 4000), (ushort)(number % 3), number % 3 == 0 ? 0 : 1);
            var now = TimeSpan.FromMilliseconds(number);
            Check(!engine.TryForwardFromClient(input, from, 0, now, out _));
            var length = engine.HandleRequest(input, from, now, Utc, _reply, _commands);
            Check(length <= 200 && _commands.Count == 0 && engine.AllocationCount == 0 && engine.UserCount == 0);
            Check(length == 0 || StunMessage.TryRead(_reply.AsSpan(0, length), out _, out _));
        });
    }

    [Fact]
    public void Signed_requests_with_any_attributes_never_reach_a_refused_peer()
    {
        var random = new Random(43);
        var engine = Engine();
        var key = LongTermKey.Derive(PasswordAlgorithm.Md5, "alice", "example.org", "wonder");
        var nonces = new NonceIssuer(new byte[32], Credentials);
        var ports = new HashSet<RelayPort>();
        var buffer = new byte[2048];
        var now = TimeSpan.FromHours(1);
        var successes = 0;
        var seen = 0;
        for (var i = 0; i < 60_000; i++)
        {
            var path = new FiveTuple(TransportAddress.V4(0x5000_0000u + (uint)random.Next(6), 4000), (ushort)random.Next(3), 0);
            path = path with { Connection = path.Listener == 0 ? 0 : 1 };
            var size = Write(random, key, nonces, path, buffer);
            var length = engine.HandleRequest(buffer.AsSpan(0, size), path, now, Utc, _reply, _commands);
            Check(length == 0 || StunMessage.TryRead(_reply.AsSpan(0, length), out _, out _));
            successes += length > 0 && engine.LastOutcome.IsSuccess ? 1 : 0;
            foreach (var command in _commands)
            {
                Check(command.Kind is not (RelayCommandKind.ChannelBound or RelayCommandKind.ConnectPeer) || Filter.IsAllowed(command.Peer));
                Check(command.Kind != RelayCommandKind.OpenPort || ports.Add(command.Port));
                Check(command.Kind != RelayCommandKind.ClosePort || ports.Remove(command.Port));
                seen++;
            }

            _commands.Clear();
            var send = WriteSend(random, buffer);
            if (engine.TryForwardFromClient(buffer.AsSpan(0, send), path, 0, now, out var forward))
            {
                Check(Filter.IsAllowed(forward.Destination) && forward.Offset >= 4 && forward.Offset + forward.Length <= send);
            }

            if (ports.Count > 0)
            {
                var offset = RelayEngine.Headroom;
                var payload = random.Next(1300);
                if (engine.TryForwardFromPeer(ports.First(), Address(random), buffer, offset, payload, 0, now, out forward))
                {
                    Check(forward.Offset >= 0 && forward.Offset < offset && forward.Offset + forward.Length <= offset + payload + RelayEngine.Tailroom);
                }
            }

            now += TimeSpan.FromMilliseconds(random.Next(3000));
            engine.HandleDeadline(now, _commands);
        }

        Check(successes > 1000 && seen > 1000);
    }

    [Fact]
    public void Discovery_answers_once_and_never_more_than_its_padding()
    {
        var engine = new DiscoveryEngine(new DiscoverySettings(Server, TransportAddress.Parse("20.0.0.2:3479")) { AnswersPerSource = 1_000_000, AnswersTotal = 10_000_000 }, new CountingRandom());
        var reply = new byte[2048];
        FuzzRun.Over(Corpus, seed: 47, count: 60_000, input =>
        {
            var result = engine.HandleRequest(input, Server, DiscoverySocket.PrimaryPrimary, TimeSpan.FromSeconds(1), reply);
            Check(result.Length <= input.Length + 120);
        });
    }

    private static RelayEngine Engine() => new(
        new RelaySettings
        {
            Listeners = [new RelayListener(Server, ClientTransport.Udp), new RelayListener(Server, ClientTransport.Tcp), new RelayListener(Server, ClientTransport.Tls)],
            RelayAddresses = [new RelayAddress(Server, Server, new PortRange(50_000, 50_099)), new RelayAddress(ServerV6, ServerV6, new PortRange(50_000, 50_099))],
            NonceKey = new byte[32],
            AllowsMobility = true,
            AllowsTcpRelay = true,
        },
        new RelayLimits { PortRest = TimeSpan.FromSeconds(1) },
        Credentials,
        Filter,
        new CountingRandom());

    private static int Write(Random random, LongTermKey key, NonceIssuer nonces, FiveTuple from, byte[] buffer)
    {
        StunMethod[] methods = [StunMethod.Allocate, StunMethod.Refresh, StunMethod.CreatePermission, StunMethod.ChannelBind, StunMethod.Connect, StunMethod.ConnectionBind];
        var method = methods[random.Next(methods.Length)];
        Span<byte> id = stackalloc byte[12];
        random.NextBytes(id);
        var writer = new StunWriter(buffer, method, StunClass.Request, TransactionId.FromBytes(id));
        if (method == StunMethod.Allocate)
        {
            writer.AddRequestedTransport(random.Next(8) == 0 ? (byte)6 : (byte)17);
        }

        if (method == StunMethod.ChannelBind)
        {
            writer.AddChannelNumber((ushort)(0x4000 + random.Next(8)));
        }

        if (method is StunMethod.ChannelBind or StunMethod.CreatePermission or StunMethod.Connect)
        {
            writer.AddAddress(StunAttributeType.XorPeerAddress, Address(random));
        }

        for (var more = random.Next(3); more > 0 && random.Next(3) == 0; more--)
        {
            var value = new byte[random.Next(24)];
            random.NextBytes(value);
            writer.Add((StunAttributeType)(random.Next(5) == 0 ? 0x8000 + random.Next(64) : random.Next(0x30)), value);
        }

        Span<byte> nonce = stackalloc byte[NonceIssuer.MaxLength];
        var length = nonces.Write(from.Client, (ClientTransport)from.Listener, Utc, nonce);
        writer.AddText(StunAttributeType.Username, "alice");
        writer.AddText(StunAttributeType.Realm, "example.org");
        writer.Add(StunAttributeType.Nonce, nonce[..length]);
        writer.AddIntegrity(key);
        return writer.Length;
    }

    private static int WriteSend(Random random, byte[] buffer)
    {
        if (random.Next(2) == 0)
        {
            ChannelData.WriteHeader(buffer, (ushort)(0x4000 + random.Next(8)), 20);
            return 24;
        }

        var writer = new StunWriter(buffer, StunMethod.Send, StunClass.Indication, TransactionId.FromBytes(new byte[12]));
        writer.AddAddress(StunAttributeType.XorPeerAddress, Address(random));
        writer.Add(StunAttributeType.Data, new byte[random.Next(50)]);
        return writer.Length;
    }

    private static TransportAddress Address(Random random)
    {
        var port = (ushort)(random.Next(4) == 0 ? 3478 : random.Next(8) * 10_000);
        return random.Next(6) switch
        {
            0 => TransportAddress.V4((uint)random.NextInt64(1L << 32), port),
            1 => Server.WithPort(port),
            2 => TransportAddress.V6(((UInt128)0x2A00_0002 << 96) | (uint)random.Next(4), port),
            3 => TransportAddress.V6(((UInt128)0xFFFF << 32) | (uint)random.NextInt64(1L << 32), port),
            4 => TransportAddress.V4(0x7F00_0001, port),
            _ => TransportAddress.V4(BinaryPrimitives.ReverseEndianness(51u) + (uint)random.Next(4), port),
        };
    }

    private static void Check(bool condition) => Assert.True(condition);
}
