using System.Text;
using System.Text.Json;
using MediaRelay.Stun;

namespace MediaRelay.System.Tests.Turn;

/// <summary>A client whose TCP connection comes through a balancer with the PROXY protocol: it is known by its own address, and media flows.</summary>
public sealed class BalancerTests : IDisposable
{
    private const string Behind = "5.6.7.8:4711";

    private readonly HomeNetwork _network = new();
    private readonly NamespaceProcess _peer;
    private readonly NamespaceProcess _relay;

    public BalancerTests()
    {
        _peer = new NamespaceProcess(_network.Peer, "turnutils_peer", "-L", HomeNetwork.PeerAddress, "-p", "3480");
        _relay = NamespaceProcess.StartRelay(_network.Relay,
            "--listen", $"{HomeNetwork.RelayAddress}:3478", "--realm", "relay.test", "--user", $"{RelayFixture.User}:{RelayFixture.Password}",
            "--workers", "2", "--proxy-protocol-from", "11.10.0.5/32", "--metrics", "127.0.0.1:9464");
    }

    public void Dispose()
    {
        _relay.Dispose();
        _peer.Dispose();
        _network.Dispose();
    }

    [Fact]
    public void Its_own_address_is_told_to_it_and_shown_to_the_operator_and_media_flows()
    {
        Namespaces.Run(_network.Client, () =>
        {
            using var client = new TestClient(HomeNetwork.RelayAddress, stream: true);
            client.SendRaw([.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x11, 0, 12, 5, 6, 7, 8, 11, 10, 0, 1, 0x12, 0x67, 0x0D, 0x96]);
            Assert.Equal(0, client.Allocate());
            Assert.Equal(Behind, client.Mapped.ToString());
            Assert.Equal(0, client.BindChannel(TransportAddress.Parse($"{HomeNetwork.PeerAddress}:3480"), 0x4001));
            for (var i = 0; i < 50; i++)
            {
                var payload = Encoding.ASCII.GetBytes($"message {i}");
                client.SendChannelData(0x4001, payload);
                Assert.Equal(payload, client.Receive().Skip(4).ToArray());
            }

            var (_, table) = HomeNetwork.Run(_network.Relay, TimeSpan.FromSeconds(10), "curl -s http://127.0.0.1:9464/admin/turn/allocations");
            var row = JsonDocument.Parse(table).RootElement.GetProperty("rows")[0];
            Assert.Equal(Behind, row.GetProperty("client").GetString());
            Assert.Equal("Tcp", row.GetProperty("transport").GetString());
            return true;
        });
    }
}
