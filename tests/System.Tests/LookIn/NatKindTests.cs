using MediaRelay.Server.Demo;
using MediaRelay.System.Tests.Turn;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>Each NAT of the demo is the kind that it is called, as coturn's discovery client finds with our RFC 5780 service.</summary>
public sealed class NatKindTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    [Theory]
    [InlineData("Symmetric", "NAT with Address and Port Dependent Mapping!", "NAT with Address and Port Dependent Filtering!")]
    [InlineData("PortRestricted", "NAT with Endpoint Independent Mapping!", "NAT with Address and Port Dependent Filtering!")]
    [InlineData("EndpointIndependent", "NAT with Endpoint Independent Mapping!", "NAT with Endpoint Independent Filtering!")]
    public void The_router_maps_and_filters_as_its_name_says(string kind, string mapping, string filtering)
    {
        Use(kind);
        string output = HomeNetwork.Run(relay.Network.Client, TimeSpan.FromSeconds(40), $"turnutils_natdiscovery -m -f -p 3480 {HomeNetwork.RelayAddress}").Output;
        Assert.Contains(mapping, output, StringComparison.Ordinal);
        Assert.Contains(filtering, output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_router_without_UDP_lets_TCP_through_and_no_datagram()
    {
        Use("UdpBlocked");
        Assert.DoesNotContain("UDP reflexive addr", HomeNetwork.Run(relay.Network.Client, TimeSpan.FromSeconds(6), $"turnutils_stunclient -p 3478 {HomeNetwork.RelayAddress}").Output, StringComparison.Ordinal);
        Assert.Equal(0, HomeNetwork.Run(relay.Network.Client, TimeSpan.FromSeconds(6), $"bash -c 'exec 3<>/dev/tcp/{HomeNetwork.RelayAddress}/3478'").ExitCode);
    }

    private void Use(string kind)
    {
        string rules = "flush ruleset\n" + DemoNatRules.Of(Enum.Parse<DemoNatKind>(kind), "192.168.77.2").Replace("\"wan\"", "\"eth0\"", StringComparison.Ordinal);
        var (code, output) = HomeNetwork.Run(relay.Network.Router, TimeSpan.FromSeconds(5), $"conntrack -F 2>/dev/null; nft -f - <<'RULES'\n{rules}\nRULES\n");
        Assert.True(code == 0, output);
    }
}
