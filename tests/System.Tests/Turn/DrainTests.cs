using MediaRelay.Stun;

namespace MediaRelay.System.Tests.Turn;

/// <summary>The end of a relay: planned, hurried, and by force.</summary>
public sealed class DrainTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TransportAddress Echo = TransportAddress.Parse($"{HomeNetwork.PeerAddress}:3480");
    private static readonly string[] Arguments =
    [
        "--listen", $"{HomeNetwork.RelayAddress}:3478", "--realm", "relay.test", "--user", $"{RelayFixture.User}:{RelayFixture.Password}",
        "--workers", "1", "--metrics", "127.0.0.1:9464",
    ];

    private readonly HomeNetwork _network = new();
    private readonly NamespaceProcess _peer;

    public DrainTests() => _peer = new NamespaceProcess(_network.Peer, "turnutils_peer", "-L", HomeNetwork.PeerAddress, "-p", "3480");

    public void Dispose()
    {
        _peer.Dispose();
        _network.Dispose();
    }

    [Theory]
    [InlineData("", 508)]
    [InlineData("11.10.0.2:3478", 300)]
    public void A_planned_stop_serves_the_old_and_refuses_or_redirects_the_new_and_ends_with_the_last_allocation(string sibling, int code)
    {
        using var relay = NamespaceProcess.StartRelay(_network.Relay, sibling.Length == 0 ? Arguments : [.. Arguments, "--alternate-server", sibling]);
        Namespaces.Run(_network.Client, () =>
        {
            using var client = new TestClient(HomeNetwork.RelayAddress);
            Assert.Equal(0, client.Allocate());
            Assert.Equal(0, client.BindChannel(Echo, 0x4001));
            Assert.Equal("200", Ready());
            relay.Signal("TERM");
            Assert.True(relay.WaitFor("Draining", Patience));
            Assert.Equal("503", Ready());
            using var late = new TestClient(HomeNetwork.RelayAddress);
            Assert.Equal(code, late.Allocate());
            for (var i = 0; i < 200; i++)
            {
                client.SendChannelData(0x4001, "still here"u8);
                Assert.Equal(14, client.Receive().Length);
            }

            Assert.Equal(0, client.Refresh(600));
            Assert.False(relay.HasExited);
            Assert.Equal(0, client.Refresh(0));
            return true;
        });
        Assert.Equal(0, relay.WaitForExit(Patience));
    }

    [Fact]
    public void A_second_signal_ends_at_once()
    {
        using var relay = NamespaceProcess.StartRelay(_network.Relay, Arguments);
        Namespaces.Run(_network.Client, () =>
        {
            using var client = new TestClient(HomeNetwork.RelayAddress);
            Assert.Equal(0, client.Allocate());
            return true;
        });
        relay.Signal("TERM");
        Assert.True(relay.WaitFor("Draining", Patience));
        Assert.False(relay.HasExited);
        relay.Signal("TERM");
        Assert.NotNull(relay.WaitForExit(TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public void After_kill_9_a_new_relay_takes_the_same_ports_at_once_and_the_client_allocates_again()
    {
        var first = NamespaceProcess.StartRelay(_network.Relay, Arguments);
        Namespaces.Run(_network.Client, () =>
        {
            using var client = new TestClient(HomeNetwork.RelayAddress);
            Assert.Equal(0, client.Allocate());
            first.Signal("KILL");
            Assert.NotNull(first.WaitForExit(Patience));
            first.Dispose();
            using var second = NamespaceProcess.StartRelay(_network.Relay, Arguments);
            Assert.Equal(0, client.Allocate());
            Assert.Equal(0, client.BindChannel(Echo, 0x4001));
            client.SendChannelData(0x4001, "again"u8);
            Assert.Equal(9, client.Receive().Length);
            return true;
        });
    }

    [Fact]
    public void A_second_relay_on_the_same_address_is_told_so_and_ends()
    {
        using var first = NamespaceProcess.StartRelay(_network.Relay, Arguments);
        using var second = new NamespaceProcess(_network.Relay, ["dotnet", Path.Combine(AppContext.BaseDirectory, "mediarelay.dll"), "turn", .. Arguments]);
        Assert.Equal(69, second.WaitForExit(TimeSpan.FromSeconds(20)));
        Assert.Contains($"{HomeNetwork.RelayAddress}:3478 is in use by another program.", second.Output, StringComparison.Ordinal);
    }

    private string Ready() => HomeNetwork.Run(_network.Relay, Patience, "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9464/readyz").Output;
}
