using System.Net;
using System.Net.Sockets;
using MediaRelay.Stun;

namespace MediaRelay.System.Tests.Turn;

/// <summary>
/// A relay that has only a private address, behind a router that gives it a public one (1:1 NAT), as in most clouds:
/// <code>relay 10.9.0.2 - router 10.9.0.1, 11.10.0.7 - the rest of the home network's Internet</code>
/// </summary>
public sealed class ExternalAddressTests : IDisposable
{
    private const string Inside = "10.9.0.2";
    private const string Outside = "11.10.0.7";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HomeNetwork _network = new();
    private readonly string _router;
    private readonly string _inner;
    private readonly NamespaceProcess _relay;

    public ExternalAddressTests()
    {
        (_router, _inner) = (_network.Relay + "g", _network.Relay + "i");
        HomeNetwork.Shell($$"""
            set -e
            for x in {{_router}} {{_inner}}; do ip netns add $x; ip -n $x link set lo up; done
            ip -n {{_network.Bridge}} link add p-nat type veth peer name eth0 netns {{_router}}
            ip -n {{_network.Bridge}} link set p-nat master br0 up
            ip -n {{_router}} addr add {{Outside}}/24 dev eth0
            ip -n {{_router}} link set eth0 up
            ip -n {{_router}} link add lan type veth peer name eth0 netns {{_inner}}
            ip -n {{_router}} addr add 10.9.0.1/24 dev lan
            ip -n {{_router}} link set lan up
            ip -n {{_inner}} addr add {{Inside}}/24 dev eth0
            ip -n {{_inner}} link set eth0 up
            ip -n {{_inner}} route add default via 10.9.0.1
            ip netns exec {{_router}} sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0
            printf 'table ip nat {\n chain pre {\n type nat hook prerouting priority -100\n ip daddr {{Outside}} dnat to {{Inside}}\n }\n chain post {\n type nat hook postrouting priority 100\n ip saddr {{Inside}} snat to {{Outside}}\n }\n}\n' | ip netns exec {{_router}} nft -f -
            """);
        _relay = NamespaceProcess.StartRelay(_inner,
            "--listen", $"{Inside}:3478", "--external-address", Outside, "--realm", "relay.test", "--user", $"{RelayFixture.User}:{RelayFixture.Password}", "--workers", "2");
    }

    public void Dispose()
    {
        _relay.Dispose();
        HomeNetwork.Shell($"for x in {_router} {_inner}; do ip netns del $x; done");
        _network.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_relayed_address_is_the_public_one_and_media_flows_both_ways(bool stream)
    {
        using var peer = Namespaces.Run(_network.Peer, () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = (int)Patience.TotalMilliseconds };
            socket.Bind(new IPEndPoint(IPAddress.Parse(HomeNetwork.PeerAddress), 7000));
            return socket;
        });
        Namespaces.Run(_network.Client, () =>
        {
            using var client = new TestClient(Outside, stream: stream);
            Assert.Equal(0, client.Allocate());
            Assert.Equal(Outside, client.Relayed.AddressText());
            Assert.Equal("11.10.0.5", client.Mapped.AddressText());
            Assert.Equal(0, client.BindChannel(TransportAddress.Parse($"{HomeNetwork.PeerAddress}:7000"), 0x4001));
            client.SendChannelData(0x4001, "outward"u8);
            var buffer = new byte[64];
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            var length = peer.ReceiveFrom(buffer, ref from);
            Assert.Equal("outward"u8.ToArray(), buffer[..length]);
            Assert.Equal(client.Relayed, TransportAddress.From((IPEndPoint)from));
            _ = peer.SendTo("inward"u8.ToArray(), client.Relayed.ToEndPoint());
            Assert.Equal("inward"u8.ToArray(), client.Receive().AsSpan(4, 6).ToArray());
            return true;
        });
        Assert.Contains($"{Inside} as {Outside}", _relay.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_clients_reach_each_other_through_their_public_relayed_addresses()
    {
        Namespaces.Run(_network.Client, () =>
        {
            using var left = new TestClient(Outside);
            using var right = new TestClient(Outside);
            Assert.Equal(0, left.Allocate());
            Assert.Equal(0, right.Allocate());
            Assert.Equal(0, left.BindChannel(right.Relayed, 0x4001));
            Assert.Equal(0, right.BindChannel(left.Relayed, 0x4002));
            left.SendChannelData(0x4001, "to the right"u8);
            Assert.Equal("to the right"u8.ToArray(), right.Receive().Skip(4).ToArray());
            right.SendChannelData(0x4002, "to the left!"u8);
            Assert.Equal("to the left!"u8.ToArray(), left.Receive().Skip(4).ToArray());
            return true;
        });
    }

    [Theory]
    [InlineData($"{Outside}:3478")]
    [InlineData($"{Outside}:22")]
    [InlineData($"{Inside}:3478")]
    [InlineData($"{Inside}:22")]
    [InlineData("10.9.0.1:22")]
    public void Neither_of_its_addresses_opens_the_relay_itself(string own)
    {
        var code = Namespaces.Run(_network.Client, () =>
        {
            using var client = new TestClient(Outside);
            Assert.Equal(0, client.Allocate());
            return client.BindChannel(TransportAddress.Parse(own), 0x4001);
        });
        Assert.Equal(403, code);
    }
}
