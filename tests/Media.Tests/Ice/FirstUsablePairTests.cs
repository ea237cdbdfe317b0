using MediaRelay.Media.Ice;
using MediaRelay.Tests.Support.Network;
using Xunit.Abstractions;

namespace MediaRelay.Media.Tests.Ice;

/// <summary>
/// The figure that matters: virtual time from the start of the offer to a usable pair on both sides, 10 ms one way between hosts, 20 ms
/// of signalling each way, over 20 seeds. 60 ms is the least possible with a full agent on both sides: offer, answer, one check.
/// </summary>
public sealed class FirstUsablePairTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(NatKind.EndpointIndependent, NatKind.EndpointIndependent, 0, 110, 110)]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted, 0, 170, 170)]
    [InlineData(NatKind.Symmetric, NatKind.EndpointIndependent, 0, 160, 160)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric, 0, 260, 260)]
    [InlineData(NatKind.UdpBlocked, NatKind.PortRestricted, 0, 350, 350)]
    [InlineData(NatKind.UdpBlocked, NatKind.UdpBlocked, 0, 430, 430)]
    [InlineData(NatKind.EndpointIndependent, NatKind.EndpointIndependent, 0.05, 150, 300)]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted, 0.05, 200, 400)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric, 0.05, 300, 600)]
    [InlineData(NatKind.EndpointIndependent, NatKind.EndpointIndependent, 0.2, 250, 600)]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted, 0.2, 350, 800)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric, 0.2, 700, 2000)]
    [InlineData(NatKind.UdpBlocked, NatKind.Symmetric, 0.2, 1800, 3000)]
    public void Time_to_a_usable_pair_on_both_sides(NatKind left, NatKind right, double loss, int median, int worst)
    {
        var times = new List<double>();
        for (var seed = 1; seed <= 20; seed++)
        {
            var scene = new IceScene(left, right, seed, loss, servers: network =>
            {
                var turn = new VirtualTurnServer(network);
                return [turn.Udp, turn.Tcp];
            });
            scene.Begin();
            Assert.True(scene.Network.RunUntil(() => scene.AreUsable, TimeSpan.FromSeconds(20)), $"seed {seed}");
            times.Add(scene.Network.Now.TotalMilliseconds);
        }
        times.Sort();
        output.WriteLine($"{left} {right} {loss}: p50 {times[10]:0} ms, worst {times[^1]:0} ms");
        Assert.InRange(times[10], 60, median);
        Assert.InRange(times[^1], 60, worst);
    }
}
