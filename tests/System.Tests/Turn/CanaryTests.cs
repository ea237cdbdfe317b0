using System.Net;
using System.Net.Sockets;
using MediaRelay.Stun;

namespace MediaRelay.System.Tests.Turn;

/// <summary>
/// With default settings an authenticated client reaches nothing but the public Internet. Canaries listen where it must not arrive:
/// on loopback and on the relay's own addresses (in the relay's namespace) and on a private address behind the peer.
/// </summary>
public sealed class CanaryTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    private const int CanaryPort = 50_999;

    public static TheoryData<string> Refused => new(
    [
        "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "100.64.1.1", "169.254.169.254", "172.16.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1",
        "192.168.99.9", "192.168.77.2", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "11.10.0.2",
    ]);

    public static TheoryData<string> RefusedV6 => new(
    [
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:11.10.0.9", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
        "2002:7f00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1",
    ]);

    [Theory]
    [MemberData(nameof(Refused))]
    [MemberData(nameof(RefusedV6))]
    public void No_method_reaches_a_refused_address(string address)
    {
        Assert.True(TransportAddress.TryParseAddress(address, CanaryPort, out var peer));
        var (codes, heard) = Attack(peer, peer.IsV6);
        Assert.Equal([403, 403, 403], codes);
        Assert.Equal(0, heard);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    [MemberData(nameof(RefusedV6))]
    public void Connect_reaches_no_refused_address_either(string address)
    {
        Assert.True(TransportAddress.TryParseAddress(address, CanaryPort, out var peer));
        var (code, heard) = ConnectTo(peer);
        Assert.Equal(403, code);
        Assert.Equal(0, heard);
    }

    [Theory]
    [InlineData(HomeNetwork.RelayAddress, 3478)]
    [InlineData(HomeNetwork.RelayAddress, 5349)]
    [InlineData(HomeNetwork.RelayAddress, 9464)]
    [InlineData(HomeNetwork.SecondAddress, 3481)]
    public void Connect_reaches_no_port_of_the_relay_itself(string address, int port) =>
        Assert.Equal(403, ConnectTo(TransportAddress.Parse($"{address}:{port}")).Code);

    [Fact]
    public void Connect_reaches_a_public_peer_so_that_silence_above_means_refusal()
    {
        var (code, heard) = ConnectTo(TransportAddress.Parse($"{HomeNetwork.PeerAddress}:{CanaryPort}"));
        Assert.Equal(0, code);
        Assert.Equal(1, heard);
    }

    [Theory]
    [InlineData(3478)]
    [InlineData(5349)]
    [InlineData(3480)]
    [InlineData(9464)]
    [InlineData(CanaryPort - 2000)]
    public void The_relay_s_own_address_is_reachable_only_at_relay_ports(int port)
    {
        var own = TransportAddress.Parse($"{HomeNetwork.RelayAddress}:{port}");
        var result = Namespaces.Run(relay.Network.Client, () =>
        {
            using var client = new TestClient(HomeNetwork.RelayAddress);
            Assert.Equal(0, client.Allocate());
            return client.BindChannel(own, 0x4001);
        });
        Assert.Equal(403, result);
    }

    [Fact]
    public void An_address_that_the_machine_gets_later_is_closed_too_with_what_was_bound_to_it()
    {
        const string later = "11.10.0.77";
        var own = TransportAddress.Parse($"{later}:{CanaryPort}");
        Namespaces.Run(relay.Network.Client, () =>
        {
            using var client = new TestClient(HomeNetwork.RelayAddress);
            Assert.Equal(0, client.Allocate());
            Assert.Equal(0, client.BindChannel(own, 0x4001));
            HomeNetwork.Shell($"ip -n {relay.Network.Relay} addr add {later}/24 dev eth0");
            Assert.True(relay.Process.WaitFor($"now has {later}", TimeSpan.FromSeconds(10)));
            using var canaries = new Canaries(relay, own);
            var code = 0;
            for (var attempt = 0; attempt < 50 && code == 0; attempt++)
                code = client.BindChannel(own, 0x4001);
            Assert.Equal(403, code);
            client.SendChannelData(0x4001, "canary"u8);
            client.SendIndication(own, "canary"u8);
            Assert.Equal(0, client.Refresh(600));
            Assert.Equal(0, canaries.Count(expected: 0));
            return true;
        });
        HomeNetwork.Shell($"ip -n {relay.Network.Relay} addr del {later}/24 dev eth0");
    }

    [Fact]
    public void A_public_peer_is_reachable_by_both_methods_so_that_silence_above_means_refusal()
    {
        var peer = TransportAddress.Parse($"{HomeNetwork.PeerAddress}:{CanaryPort}");
        var (codes, heard) = Attack(peer, v6: false);
        Assert.Equal([0, 0, 403], codes);
        Assert.True(heard >= 2, $"{heard} datagrams arrived.");
    }

    /// <summary>A TCP allocation, then Connect; its code, and the connections that arrived anywhere.</summary>
    private (int Code, int Heard) ConnectTo(TransportAddress peer)
    {
        using var canaries = new TcpCanaries(relay, CanaryPort);
        var code = Namespaces.Run(relay.Network.Client, () =>
        {
            using var client = new TestClient(HomeNetwork.RelayAddress, stream: true);
            Assert.Equal(0, client.Allocate(peer.IsV6 ? (ref StunWriter writer) => writer.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V6) : null, transport: 6));
            return client.Connect(peer);
        });
        return (code, canaries.Count());
    }

    /// <summary>TCP listeners on every address of the relay's and the peer's namespace; a refusal has been answered before they are counted.</summary>
    private sealed class TcpCanaries : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        public TcpCanaries(RelayFixture relay, int port)
        {
            foreach (var space in (string[])[relay.Network.Relay, relay.Network.Peer])
            {
                _sockets.Add(Namespaces.Run(space, () =>
                {
                    var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
                    socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
                    socket.Listen();
                    return socket;
                }));
            }
        }

        public int Count() => _sockets.Count(socket => socket.Poll(20_000, SelectMode.SelectRead));

        public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
    }

    /// <summary>Permission, channel, a permission list that mixes good and bad, Send without permission and ChannelData; counts what canaries hear.</summary>
    private (int[] Codes, int Heard) Attack(TransportAddress peer, bool v6)
    {
        using var canaries = new Canaries(relay, peer);
        var codes = Namespaces.Run(relay.Network.Client, () =>
        {
            using var client = new TestClient(v6 ? HomeNetwork.RelayV6 : HomeNetwork.RelayAddress);
            Assert.Equal(0, client.Allocate(v6 ? (ref StunWriter writer) => writer.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V6) : null));
            var good = TransportAddress.Parse(v6 ? $"[{HomeNetwork.PeerV6}]:{CanaryPort}" : $"{HomeNetwork.PeerAddress}:{CanaryPort}");
            var bad = v6 ? TransportAddress.Parse($"[::1]:{CanaryPort}") : TransportAddress.Parse($"127.0.0.1:{CanaryPort}");
            int[] answers = [client.CreatePermission(peer), client.BindChannel(peer, 0x4001), client.CreatePermission(good, peer.IsLoopback ? peer : bad)];
            client.SendIndication(peer, "canary"u8);
            client.SendChannelData(0x4001, "canary"u8);
            _ = client.Refresh(600);
            return answers;
        });
        return (codes, canaries.Count(expected: codes[0] == 0 ? 2 : 0));
    }

    /// <summary>Listeners for "canary" in the relay's and the peer's namespace, on every address there is.</summary>
    private sealed class Canaries : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        public Canaries(RelayFixture relay, TransportAddress peer)
        {
            foreach (var space in (string[])[relay.Network.Relay, relay.Network.Peer])
            {
                _sockets.Add(Namespaces.Run(space, () =>
                {
                    var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true };
                    socket.Bind(new IPEndPoint(IPAddress.IPv6Any, peer.Port));
                    return socket;
                }));
            }
        }

        /// <summary>What arrived: waits for what is expected, and for nothing when nothing is (the Refresh before was answered after the sends).</summary>
        public int Count(int expected)
        {
            var heard = 0;
            var buffer = new byte[64];
            while (true)
            {
                var ready = new List<Socket>(_sockets);
                Socket.Select(ready, null, null, expected > heard ? 1_000_000 : 20_000);
                if (ready.Count == 0)
                    return heard;
                foreach (var socket in ready)
                    heard += buffer.AsSpan(0, socket.Receive(buffer)).SequenceEqual("canary"u8) ? 1 : 0;
            }
        }

        public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
    }
}
