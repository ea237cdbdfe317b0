using System.Net;
using MediaRelay.Gateway.Home;
using MediaRelay.Signaling.Alarms;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>The real home core behind the portal's storage, without the network between them: instructions in, events out.</summary>
internal sealed class HomeStandIn : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _events;

    public HomeStandIn(PortalNode node, string gateway)
    {
        var clock = new MonotonicClock(TimeProvider.System);
        GatewayLinks links = node.Get<GatewayLinks>();
        GatewayLink link = links.Link(gateway);
        link.HandleRequest(clock.Now, []);
        link.Address = IPAddress.Parse("203.0.113.7");
        _running = RunAsync(node, links, gateway, clock);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(PortalNode node, GatewayLinks links, string gateway, MonotonicClock clock)
    {
        IStorage storage = node.Get<IStorage>();
        var commands = new List<HomeCommand>();
        var home = new HomeCore(
            [new() { Ref = "door", Type = "contact", Zone = 3, Partition = 1, Protocol = "simulated" }, new() { Ref = "smoke", Type = "smoke", Zone = 4, Partition = 1, Protocol = "simulated" }],
            [new(3, "front door", 1, ZoneKind.Delayed, "134", EntryDelay: TimeSpan.FromSeconds(20)), new(4, "smoke", 1, ZoneKind.TwentyFourHour, "111")],
            TimeSpan.Zero, TimeZoneInfo.Utc, commands);
        home.HandleSession(clock.UtcNow, clock.Now, commands);
        while (!_stop.IsCancellationRequested)
        {
            InstructionBacklog backlog = await storage.Instructions.BacklogAsync(gateway);
            foreach (Instruction instruction in backlog.Waiting)
                home.HandleInstruction(instruction, clock.UtcNow, clock.Now, commands);
            if (backlog.Waiting.Count > 0)
                await storage.Instructions.AcknowledgeAsync(gateway, backlog.Waiting[^1].Seq);
            for (int i = 0; i < commands.Count; i++)
            {
                if (commands[i] is HomeCommand.SetProperty set)
                {
                    foreach (DeviceProperty property in set.Properties)
                        home.HandleReport(set.Device.Ref, property.Name, property.Value, set.Cause, clock.UtcNow, clock.Now, commands);
                    HomeCore.HandleSet(set, null, clock.UtcNow, commands);
                }

                if (commands[i] is HomeCommand.Emit emit)
                    links.Raise([await storage.Events.AppendServerEventAsync(gateway, emit.Draft with { Id = $"home-{Environment.TickCount64}-{++_events}" }, clock.UtcNow)]);
            }

            commands.Clear();
            await Task.Delay(10);
        }
    }
}
