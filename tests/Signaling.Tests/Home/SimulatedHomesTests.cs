using System.Collections.Concurrent;
using MediaRelay.Gateway;
using MediaRelay.Gateway.Session;
using Microsoft.Extensions.Logging.Abstractions;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>The load and fault generator: its homes reboot, lose their clocks, and lose no event by it.</summary>
public sealed class SimulatedHomesTests
{
    [Fact]
    public async Task A_home_that_reboots_has_no_clock_keeps_its_queue_and_goes_on()
    {
        var servers = new ConcurrentDictionary<string, ServerStandIn>();
        var homes = new SimulatedHomes(id => servers.GetOrAdd(id, _ => new ServerStandIn()), new SimulatedFaults(), 3000, TimeSpan.FromSeconds(0.5), NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        Task running = homes.RunAsync(["h-1", "h-2"], TimeSpan.Zero, stop.Token);
        await UntilAsync(() => homes.Reboots >= 3 && homes.Connected > 0 && homes.Delivered > 50, "homes reboot and report", 30);
        await stop.CancelAsync();
        await running;
        foreach (ServerStandIn server in servers.Values)
        {
            Assert.Single(server.Hellos.Select(one => one.Epoch).Distinct());
            Assert.Equal(Enumerable.Range(1, server.Events.Count).Select(i => (ulong)i), server.Events.Select(one => one.Seq).Order());
            Assert.All(server.Events, one => Assert.Equal(one.IsClockUnset, GatewayClock.IsUnset(one.Time)));
        }

        Assert.Contains(servers.Values.SelectMany(one => one.Hellos), one => one.IsClockUnset);
    }
}
