using System.Globalization;
using System.Text;
using MediaRelay.Stun;

namespace MediaRelay.System.Tests.Turn;

/// <summary>A client whose address changes takes its allocation along (RFC 8016), whichever relay thread its new address belongs to.</summary>
public sealed class MobilityTests : IDisposable
{
    private const int Workers = 4;
    private const int Moves = 12;
    private static readonly TransportAddress Echo = TransportAddress.Parse($"{HomeNetwork.PeerAddress}:3480");

    private readonly HomeNetwork _network = new();
    private readonly NamespaceProcess _peer;
    private readonly NamespaceProcess _relay;

    public MobilityTests()
    {
        _peer = new NamespaceProcess(_network.Peer, "turnutils_peer", "-L", HomeNetwork.PeerAddress, "-p", "3480");
        _relay = NamespaceProcess.StartRelay(_network.Relay,
            "--listen", $"{HomeNetwork.RelayAddress}:3478", "--realm", "relay.test", "--user", $"{RelayFixture.User}:{RelayFixture.Password}",
            "--workers", Workers.ToString(CultureInfo.InvariantCulture), "--mobility", "--metrics", "127.0.0.1:9464");
    }

    public void Dispose()
    {
        _relay.Dispose();
        _peer.Dispose();
        _network.Dispose();
    }

    /// <summary>Twelve new ports of four threads: that all of them belong to the first one's thread has a chance of one in sixteen million.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_allocation_follows_its_client_over_all_relay_threads(bool stream)
    {
        Assert.Contains("Relaying with 4 shards", _relay.Output, StringComparison.Ordinal);
        Namespaces.Run(_network.Client, () =>
        {
            var client = new TestClient(HomeNetwork.RelayAddress, stream: stream);
            Assert.Equal(0, client.Allocate((ref StunWriter writer) => writer.Add(StunAttributeType.MobilityTicket, [])));
            Assert.Equal(0, client.BindChannel(Echo, 0x4001));
            var relayed = client.Relayed;
            for (var move = 0; move < Moves; move++)
            {
                using var before = client;
                client = new TestClient(HomeNetwork.RelayAddress, stream: stream);
                Assert.Equal(0, client.Move(before));
                Assert.NotEqual(before.Ticket, client.Ticket);

                // The very first datagram from the new address already finds its way, and the answer comes to the new address.
                for (var i = 0; i < 20; i++)
                {
                    var payload = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"move {move} message {i}"));
                    client.SendChannelData(0x4001, payload);
                    Assert.Equal(payload, client.Receive().Skip(4).ToArray());
                }

                Assert.Equal(0, client.CreatePermission(Echo));
                Assert.Equal(0, client.Refresh(600));
            }

            Assert.Equal(relayed, client.Relayed);
            Assert.Equal(0, client.Refresh(0));
            client.Dispose();
            return true;
        });
        var (_, metrics) = HomeNetwork.Run(_network.Relay, TimeSpan.FromSeconds(10), "curl -s http://127.0.0.1:9464/metrics");
        Assert.Equal(0, Sum(metrics, "turn_allocations{"));
        Assert.Equal(0, Sum(metrics, "turn_dropped_total{", "no_channel"));
    }

    /// <summary>An old port whose allocation moved away starts afresh: nothing sends it to the other thread any more.</summary>
    [Fact]
    public void A_path_that_was_left_can_be_used_for_a_new_allocation()
    {
        Namespaces.Run(_network.Client, () =>
        {
            using var first = new TestClient(HomeNetwork.RelayAddress);
            Assert.Equal(0, first.Allocate((ref StunWriter writer) => writer.Add(StunAttributeType.MobilityTicket, [])));
            Assert.Equal(0, first.BindChannel(Echo, 0x4001));
            using var second = new TestClient(HomeNetwork.RelayAddress);
            Assert.Equal(0, second.Move(first));
            second.SendChannelData(0x4001, "moved"u8);
            Assert.Equal(9, second.Receive().Length);
            Assert.Equal(0, first.Allocate());
            Assert.Equal(0, first.BindChannel(Echo, 0x4002));
            first.SendChannelData(0x4002, "fresh"u8);
            Assert.Equal(9, first.Receive().Length);
            Assert.Equal(0, second.Refresh(0));
            Assert.Equal(0, second.Allocate());
            Assert.Equal(0, first.Refresh(0));
            Assert.Equal(0, second.Refresh(0));
            return true;
        });
    }

    private static double Sum(string metrics, string name, string more = "") => metrics.Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line.Contains(more, StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
