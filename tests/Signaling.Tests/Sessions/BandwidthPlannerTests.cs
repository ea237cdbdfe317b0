using System.Net;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.Signaling.Tests.Sessions;

/// <summary>Bandwidth on demand as gates.</summary>
public sealed class BandwidthPlannerTests
{
    [Theory]
    [InlineData("203.0.113.7", 2_000_000u, 0u, 1)]
    [InlineData("203.0.113.7", 0u, 5_000_000u, 1)]
    [InlineData("2001:db8::7", 2_000_000u, 5_000_000u, 2)]
    [InlineData("::ffff:203.0.113.7", 1_000u, 0u, 1)]
    [InlineData("not an address", 1_000u, 0u, 0)]
    [InlineData("203.0.113.7", 0u, 0u, 0)]
    public void One_gate_for_each_direction_that_is_asked_for(string address, uint up, uint down, int gates) =>
        Assert.Equal(gates, BandwidthPlanner.Plan(new("bod-1", address, up, down, TimeSpan.FromMinutes(15))).Count);

    [Theory]
    [InlineData("203.0.113.7", "198.51.100.9")]
    [InlineData("2001:db8::7", "2001:db8:1::9")]
    public void Every_packet_of_the_home_is_meant_and_none_of_another(string home, string stranger)
    {
        IReadOnlyList<GateRequest> gates = BandwidthPlanner.Plan(new("bod-1", home, 2_000_000, 5_000_000, TimeSpan.FromMinutes(15)));
        Assert.Equal([GateDirection.Upstream, GateDirection.Downstream], gates.Select(g => g.Spec.Direction));
        foreach (byte protocol in (byte[])[6, 17, 1])
        {
            Assert.True(gates[0].Classifiers[0].Matches(Packet(home, stranger, protocol)));
            Assert.True(gates[1].Classifiers[0].Matches(Packet(stranger, home, protocol)));
        }

        Assert.False(gates[0].Classifiers[0].Matches(Packet(stranger, home, 17)));
        Assert.False(gates[1].Classifiers[0].Matches(Packet(home, stranger, 17)));
    }

    [Fact]
    public void The_rate_is_reserved_and_the_time_limit_ends_the_gate()
    {
        GateRequest gate = BandwidthPlanner.Plan(new("bod-1", "203.0.113.7", 2_000_000, 0, TimeSpan.FromMinutes(15)))[0];
        Assert.Equal((2_000_000u, 2_000_000u, 900u, (ushort)0), (gate.Profile.First.MinReservedRate, gate.Profile.First.MaxSustainedRate, gate.TimeLimitSeconds!.Value, gate.Spec.T3));
        Assert.Equal(86_400u, BandwidthPlanner.Plan(new("bod-1", "203.0.113.7", uint.MaxValue, 0, TimeSpan.FromDays(9)))[0].TimeLimitSeconds);
        Assert.Equal(BandwidthPlanner.MaxBitsPerSecond, BandwidthPlanner.Plan(new("bod-1", "203.0.113.7", uint.MaxValue, 0, TimeSpan.FromDays(9)))[0].Profile.First.MinReservedRate);
    }

    private static PacketTuple Packet(string source, string destination, byte protocol)
    {
        SubscriberId from = SubscriberId.From(IPAddress.Parse(source)), to = SubscriberId.From(IPAddress.Parse(destination));
        return new PacketTuple(from.IsV6, protocol, from.Address, 4711, to.Address, 443);
    }
}
