using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.Tests.Scenes;

/// <summary>One engine in virtual time, with listeners of every kind and relay addresses of both families.</summary>
internal sealed class Scene
{
    public const string Realm = "example.org";
    public const ushort UdpV4 = 0;
    public const ushort TcpV4 = 1;
    public const ushort TlsV4 = 2;
    public const ushort UdpV6 = 3;
    public const ushort DtlsV4 = 4;

    public static readonly TransportAddress ServerV4 = TransportAddress.Parse("20.0.0.1:3478");
    public static readonly TransportAddress ServerV6 = TransportAddress.Parse("[2a00:1::1]:3478");
    public static readonly TransportAddress Peer = TransportAddress.Parse("51.1.2.3:7000");
    public static readonly TransportAddress OtherPeer = TransportAddress.Parse("51.1.2.4:7001");
    public static readonly TransportAddress PeerV6 = TransportAddress.Parse("[2a00:2::5]:7000");
    public static readonly byte[] Secret = "0123456789abcdef0123456789abcdef"u8.ToArray();

    private readonly byte[] _reply = new byte[RelayEngine.MaxReply];

    public Scene(
        Func<RelaySettings, RelaySettings>? settings = null,
        Func<RelayLimits, RelayLimits>? limits = null,
        RelayCredentials? credentials = null,
        Func<PeerPolicy, PeerPolicy>? policy = null,
        ulong seed = 1)
    {
        Random = new CountingRandom(seed);
        var chosen = Settings();
        chosen = settings?.Invoke(chosen) ?? chosen;
        var basePolicy = Policy(chosen);
        Filter = new PeerFilter(policy?.Invoke(basePolicy) ?? basePolicy);
        var baseLimits = new RelayLimits();
        Engine = new RelayEngine(chosen, limits?.Invoke(baseLimits) ?? baseLimits, credentials ?? Credentials(), Filter, Random);
        Chosen = chosen;
    }

    public RelayEngine Engine { get; }

    public RelaySettings Chosen { get; }

    public PeerFilter Filter { get; }

    public CountingRandom Random { get; }

    public TimeSpan Now { get; set; } = TimeSpan.FromHours(1);

    public DateTimeOffset Utc { get; set; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>Commands of the last call.</summary>
    public List<RelayCommand> Commands { get; } = [];

    public static RelaySettings Settings() => new()
    {
        Listeners =
        [
            new RelayListener(ServerV4, ClientTransport.Udp),
            new RelayListener(ServerV4, ClientTransport.Tcp),
            new RelayListener(ServerV4.WithPort(5349), ClientTransport.Tls),
            new RelayListener(ServerV6, ClientTransport.Udp),
            new RelayListener(ServerV4.WithPort(5349), ClientTransport.Dtls),
        ],
        RelayAddresses =
        [
            new RelayAddress(ServerV4, ServerV4.WithPort(0), new PortRange(50_000, 50_999)),
            new RelayAddress(ServerV6, ServerV6.WithPort(0), new PortRange(50_000, 50_999)),
        ],
        NonceKey = new byte[32],
    };

    public static PeerPolicy Policy(RelaySettings settings) => new()
    {
        OwnAddresses = [ServerV4, ServerV6],
        RelayAddresses = [.. settings.RelayAddresses.Select(r => r.Advertised)],
        Listeners = [.. settings.Listeners.Select(l => l.Address)],
        RelayPortMin = 50_000,
        RelayPortMax = 50_999,
    };

    public static RelayCredentials Credentials() => new(Realm, [StaticUser.Create("alice", Realm, "wonder"), StaticUser.Create("bob", Realm, "builder")])
    {
        TimedSecrets = new TimedSecrets(Secret),
    };

    public TestClient Client(string name = "alice", string password = "wonder", string address = "192.0.2.10:4000", ushort listener = UdpV4, int connection = 0) =>
        new(this, name, password, new FiveTuple(TransportAddress.Parse(address), listener, connection));

    /// <summary>A client with an allocation.</summary>
    public TestClient Allocated(string name = "alice", string password = "wonder", string address = "192.0.2.10:4000", ushort listener = UdpV4, int connection = 0)
    {
        var client = Client(name, password, address, listener, connection);
        Assert.Equal(0, client.Allocate().Code);
        return client;
    }

    public Answer Send(ReadOnlySpan<byte> request, FiveTuple from)
    {
        Commands.Clear();
        var length = Engine.HandleRequest(request, from, Now, Utc, _reply, Commands);
        return new Answer(_reply[..length]);
    }

    /// <summary>Moves time and runs what is due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        var end = Now + by;
        Commands.Clear();
        while (Engine.NextDeadline is { } next && next <= end)
        {
            Now = next > Now ? next : Now;
            Engine.HandleDeadline(Now, Commands);
        }

        Utc += by;
        Now = end;
        Engine.HandleDeadline(Now, Commands);
    }

    /// <summary>A datagram from a peer; the message for the client, or null when it is dropped.</summary>
    public byte[]? FromPeer(RelayPort port, TransportAddress peer, ReadOnlySpan<byte> payload, byte trafficClass = 0) =>
        FromPeer(port, peer, payload, trafficClass, out _);

    public byte[]? FromPeer(RelayPort port, TransportAddress peer, ReadOnlySpan<byte> payload, byte trafficClass, out Forward forward)
    {
        var buffer = new byte[RelayEngine.Headroom + payload.Length + RelayEngine.Tailroom];
        buffer.AsSpan().Fill(0xEE);
        payload.CopyTo(buffer.AsSpan(RelayEngine.Headroom));
        return Engine.TryForwardFromPeer(port, peer, buffer, RelayEngine.Headroom, payload.Length, trafficClass, Now, out forward)
            ? buffer.AsSpan(forward.Offset, forward.Length).ToArray()
            : null;
    }
}
