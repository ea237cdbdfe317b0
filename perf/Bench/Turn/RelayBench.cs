using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using MediaRelay.Stun;
using MediaRelay.Turn;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Bench.Turn;

/// <summary>What one call of the relay engine costs, without any socket; sizes are audio (172 bytes) and video (1200 bytes).</summary>
[MemoryDiagnoser]
public class RelayBench
{
    private static readonly DateTimeOffset Utc = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TransportAddress Server = TransportAddress.Parse("20.0.0.1:3478");
    private static readonly TransportAddress Peer = TransportAddress.Parse("51.1.2.3:7000");
    private static readonly byte[] Secret = new byte[32];

    private readonly byte[] _reply = new byte[RelayEngine.MaxReply];
    private readonly byte[] _buffer = new byte[2048];
    private readonly List<RelayCommand> _commands = new(64);
    private RelayEngine _engine = null!;
    private FiveTuple[] _clients = [];
    private RelayPort[] _ports = [];
    private byte[] _channelData = [];
    private byte[] _send = [];
    private byte[] _refresh = [];
    private byte[] _permission = [];
    private byte[] _binding = [];
    private byte[] _plainAllocate = [];
    private byte[] _allocate = [];
    private byte[] _delete = [];
    private FiveTuple _guest;
    private int _next;

    [Params(100, 10_000)]
    public int Allocations { get; set; }

    [Params(172, 1200)]
    public int Size { get; set; }

    private static TimeSpan Now => TimeSpan.FromHours(1);

    [GlobalSetup]
    public void Setup()
    {
        _engine = new RelayEngine(
            new RelaySettings
            {
                Listeners = [new RelayListener(Server, ClientTransport.Udp)],
                RelayAddresses = [new RelayAddress(Server, Server, new PortRange(20_000, 65_000))],
                NonceKey = new byte[32],
            },
            new RelayLimits { AllocationBitRate = 0, SubscriberBitRate = 0, AnswersPerSource = 10_000_000, AnswersPerSourceBurst = 1_000_000_000, AnswersPerNode = 100_000_000, PortRest = TimeSpan.Zero },
            new RelayCredentials("example.org") { TimedSecrets = new TimedSecrets(Secret) },
            new PeerFilter(new PeerPolicy { OwnAddresses = [Server], RelayAddresses = [Server], Listeners = [Server] }),
            RandomNumberGenerator.Create());
        _clients = new FiveTuple[Allocations];
        _ports = new RelayPort[Allocations];
        for (var i = 0; i < Allocations; i++)
        {
            _clients[i] = new FiveTuple(TransportAddress.V4(0x5000_0000 + (uint)i, 4000), 0);
            var credential = TimedCredential.Issue(Secret, Utc.AddMinutes(5), $"gw-{i}", $"session-{i}");
            var key = LongTermKey.Derive(PasswordAlgorithm.Md5, credential.Username, "example.org", credential.Password);
            Do(Request(StunMethod.Allocate, credential.Username, key, _clients[i]), _clients[i]);
            _ports[i] = _commands.First(c => c.Kind == RelayCommandKind.OpenPort).Port;
            Do(Request(StunMethod.ChannelBind, credential.Username, key, _clients[i]), _clients[i]);
            if (i == 0)
            {
                _refresh = Request(StunMethod.Refresh, credential.Username, key, _clients[i]);
                _permission = Request(StunMethod.CreatePermission, credential.Username, key, _clients[i]);
            }
        }

        _channelData = new byte[4 + Size];
        ChannelData.WriteHeader(_channelData, 0x4000, Size);
        _send = Write(StunMethod.Send, StunClass.Indication, (ref StunWriter w) =>
        {
            w.AddAddress(StunAttributeType.XorPeerAddress, Peer);
            w.Add(StunAttributeType.Data, new byte[Size]);
        });
        _binding = Write(StunMethod.Binding, StunClass.Request, null);
        _plainAllocate = Write(StunMethod.Allocate, StunClass.Request, (ref StunWriter w) => w.AddRequestedTransport(17));
        _guest = new FiveTuple(TransportAddress.Parse("81.0.0.1:5"), 0);
        var guest = TimedCredential.Issue(Secret, Utc.AddMinutes(5), "guest", "session-guest");
        var guestKey = LongTermKey.Derive(PasswordAlgorithm.Md5, guest.Username, "example.org", guest.Password);
        _allocate = Request(StunMethod.Allocate, guest.Username, guestKey, _guest);
        _delete = Request(StunMethod.Refresh, guest.Username, guestKey, _guest, lifetime: 0);
    }

    [Benchmark]
    public Forward ChannelDataToPeer()
    {
        _engine.TryForwardFromClient(_channelData, _clients[Next()], 0, Now, out var forward);
        return forward;
    }

    [Benchmark]
    public Forward ChannelDataToClient()
    {
        _engine.TryForwardFromPeer(_ports[Next()], Peer, _buffer, RelayEngine.Headroom, Size, 0, Now, out var forward);
        return forward;
    }

    [Benchmark]
    public Forward SendIndication()
    {
        _engine.TryForwardFromClient(_send, _clients[Next()], 0, Now, out var forward);
        return forward;
    }

    [Benchmark]
    public Forward DataIndication()
    {
        _engine.TryForwardFromPeer(_ports[Next()], Peer.WithPort(1), _buffer, RelayEngine.Headroom, Size, 0, Now, out var forward);
        return forward;
    }

    [Benchmark]
    public int Refresh() => Do(_refresh, _clients[0]);

    [Benchmark]
    public int CreatePermission() => Do(_permission, _clients[0]);

    [Benchmark]
    public int Binding() => Do(_binding, _clients[Next()]);

    /// <summary>What an outsider's Allocate costs.</summary>
    [Benchmark]
    public int Challenge() => Do(_plainAllocate, _clients[Next()]);

    /// <summary>A whole new allocation with a timed credential never seen before: challenge, Allocate, and its deletion.</summary>
    [Benchmark]
    public int AllocateAndDelete() => Do(_plainAllocate, _guest) + Do(_allocate, _guest) + Do(_delete, _guest);

    private int Do(byte[] request, in FiveTuple from)
    {
        _commands.Clear();
        return _engine.HandleRequest(request, from, Now, Utc, _reply, _commands);
    }

    private int Next() => _next = _next + 1 < Allocations ? _next + 1 : 0;

    private byte[] Request(StunMethod method, string name, LongTermKey key, FiveTuple from, uint? lifetime = null)
    {
        var nonce = new byte[NonceIssuer.MaxLength];
        var length = new NonceIssuer(new byte[32], new RelayCredentials("example.org")).Write(from.Client, ClientTransport.Udp, Utc, nonce);
        return Write(method, StunClass.Request, (ref StunWriter w) =>
        {
            if (method == StunMethod.Allocate)
            {
                w.AddRequestedTransport(17);
            }

            if (method == StunMethod.ChannelBind)
            {
                w.AddChannelNumber(0x4000);
            }

            if (method is StunMethod.ChannelBind or StunMethod.CreatePermission)
            {
                w.AddAddress(StunAttributeType.XorPeerAddress, Peer);
            }

            if (lifetime is { } seconds)
            {
                w.AddLifetime(seconds);
            }

            w.AddText(StunAttributeType.Username, name);
            w.AddText(StunAttributeType.Realm, "example.org");
            w.Add(StunAttributeType.Nonce, nonce.AsSpan(0, length));
            w.AddIntegrity(key);
        });
    }

    private static byte[] Write(StunMethod method, StunClass @class, Fill? fill)
    {
        var buffer = new byte[2048];
        var writer = new StunWriter(buffer, method, @class, TransactionId.New(RandomNumberGenerator.Create()));
        fill?.Invoke(ref writer);
        return buffer[..writer.Length];
    }

    private delegate void Fill(ref StunWriter writer);
}
