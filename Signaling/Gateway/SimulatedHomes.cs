using MediaRelay.Gateway.Queue;
using MediaRelay.Gateway.Sensors;
using MediaRelay.Gateway.Session;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Gateway;

/// <summary>Many gateways in one process, with faults: the load and fault generator.</summary>
/// <param name="link">Makes the link of a gateway.</param>
/// <param name="faults">How badly the network behaves.</param>
/// <param name="changesPerMinute">Changes of devices per home and minute.</param>
/// <param name="rebootEvery">Mean time between reboots of a home; zero means none. A reboot keeps the queue and loses the clock.</param>
/// <param name="logger">Takes the log lines of all homes.</param>
public sealed class SimulatedHomes(Func<string, ISmaLink> link, SimulatedFaults faults, double changesPerMinute, TimeSpan rebootEvery, ILogger logger)
{
    private readonly List<Home> _homes = [];

    /// <summary>Homes that have a session.</summary>
    public int Connected => _homes.Count(home => home.Runtime?.IsConnected == true);

    /// <summary>Events the server has taken.</summary>
    public long Delivered => _homes.Sum(home => home.Delivered + (home.Runtime?.Delivered ?? 0));

    /// <summary>Events that wait in all homes.</summary>
    public long Backlog => _homes.Sum(home => (long)(home.Runtime?.Backlog ?? 0));

    /// <summary>Instructions carried out.</summary>
    public long Executed => _homes.Sum(home => home.Executed + (home.Runtime?.Executed ?? 0));

    /// <summary>Reboots so far.</summary>
    public long Reboots => _homes.Sum(home => home.Reboots);

    /// <summary>Faults injected so far.</summary>
    public long Faults => _homes.Sum(home => home.Link.Injected);

    /// <summary>Called the moment before an instruction acts, with the gateway's id.</summary>
    public Action<string, Instruction>? InstructionBegun { get; set; }

    /// <summary>The gateway at work, null while it reboots.</summary>
    public GatewayRuntime? Find(int index) => _homes[index].Runtime;

    /// <summary>Starts the homes, spread over a time, and runs them until it is told to stop.</summary>
    public async Task RunAsync(IReadOnlyList<string> gateways, TimeSpan spread, CancellationToken stopping)
    {
        for (int i = 0; i < gateways.Count; i++)
            _homes.Add(new Home(gateways[i], new FaultyLink(link(gateways[i]), faults, i + 1)));
        await Task.WhenAll(_homes.Select((home, i) => RunHomeAsync(home, i, spread * i / gateways.Count, stopping))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (Home home in _homes)
            home.Link.Dispose();
    }

    private async Task RunHomeAsync(Home home, int index, TimeSpan delay, CancellationToken stopping)
    {
        await Task.Delay(delay, stopping).ConfigureAwait(false);
        using var queue = new MemoryEventQueue();
#pragma warning disable CA5394 // A simulation needs a seed, not secrecy.
        var random = new Random(index);
        bool isReboot = false;
        while (!stopping.IsCancellationRequested)
        {
            using var life = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            if (rebootEvery > TimeSpan.Zero)
                life.CancelAfter(rebootEvery * -Math.Log(1 - random.NextDouble()));
#pragma warning restore CA5394
            using var runtime = new GatewayRuntime(Profile(home.Id, isReboot), queue, home.Link, [new SimulatedAdaptor(changesPerMinute, index)], new NoMedia(), TimeProvider.System, logger);
            runtime.InstructionBegun = instruction => InstructionBegun?.Invoke(home.Id, instruction);
            home.Runtime = runtime;
            await runtime.RunAsync(life.Token).ConfigureAwait(false);
            home.Runtime = null;
            home.Delivered += runtime.Delivered;
            home.Executed += runtime.Executed;
            if (stopping.IsCancellationRequested)
                return;
            home.Reboots++;
            isReboot = true;
        }
    }

    private static GatewayProfile Profile(string id, bool isClockUnset) => new()
    {
        Id = id,
        Software = "mediarelay simulated",
        IsClockUnset = isClockUnset,
        Devices =
        [
            new DeviceBody { Ref = "door", Type = "contact", Name = "Front door", Zone = 1, Partition = 1 },
            new DeviceBody { Ref = "hall", Type = "motion", Name = "Hall", Zone = 2, Partition = 1 },
            new DeviceBody { Ref = "lamp", Type = "light", Name = "Lamp" },
            new DeviceBody { Ref = "air", Type = "thermometer", Name = "Living room" },
        ],
        Zones =
        [
            new Signaling.Alarms.Zone(1, "Front door", 1, Signaling.Alarms.ZoneKind.Delayed, "134", true, TimeSpan.FromSeconds(30)),
            new Signaling.Alarms.Zone(2, "Hall", 1, Signaling.Alarms.ZoneKind.Instant, "132", false),
        ],
    };

    private sealed class Home(string id, FaultyLink link)
    {
        public string Id { get; } = id;

        public FaultyLink Link { get; } = link;

        public GatewayRuntime? Runtime { get; set; }

        public long Delivered { get; set; }

        public long Executed { get; set; }

        public long Reboots { get; set; }
    }
}
