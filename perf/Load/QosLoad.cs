using System.CommandLine;
using System.Diagnostics;
using System.Net;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Journal;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;

namespace MediaRelay.Load;

/// <summary><c>qos</c>: Gate-Set and Gate-Delete pairs over real sockets on loopback, and a large synchronisation.</summary>
internal static class QosLoad
{
    private static readonly SubscriberPrefix[] Loopback = [Prefix("127.0.0.0/8")];

    public static Command Create()
    {
        var seconds = new Option<double>("--seconds") { Description = "Time of each measurement.", DefaultValueFactory = _ => 3 };
        var gates = new Option<int>("--gates") { Description = "Gates of the synchronisation.", DefaultValueFactory = _ => 100_000 };
        var journal = new Option<string>("--journal") { Description = "File of a durable journal; without it the journal is in memory.", DefaultValueFactory = _ => "" };
        var command = new Command("qos", "Gate-Set and Gate-Delete pairs per second, what the policy server adds, and the time to synchronise many gates.") { seconds, gates, journal };
        command.SetAction(async (parse, _) => await RunAsync(TimeSpan.FromSeconds(parse.GetValue(seconds)), parse.GetValue(gates), parse.GetValue(journal)!));
        return command;
    }

    private static async Task<int> RunAsync(TimeSpan time, int gates, string journal)
    {
        var table = new Table().AddColumns("measurement", "outstanding", "value", "CPU/pair", "p50", "p99", "goal");
        double[] alone = [], through = [];
        foreach (int outstanding in new[] { 1, 64 })
        {
            (double rate, double cpu, double[] latencies) = await PairsAsync(withServer: false, outstanding, time, null, journal);
            Add(table, "AM -> CMTS, pairs/s", outstanding, rate, cpu, latencies, "");
        }
        foreach (int outstanding in new[] { 1, 64 })
        {
            (double rate, double cpu, double[] latencies) = await PairsAsync(withServer: true, outstanding, time, null, journal);
            Add(table, "AM -> policy server -> CMTS, pairs/s", outstanding, rate, cpu, latencies, outstanding == 64 ? ">= 30000" : "");
        }
        // Turn by turn, so that a neighbour on the machine disturbs both alike.
        for (int turn = 0; turn < 3; turn++)
        {
            alone = [.. alone, .. (await PairsAsync(withServer: false, 0, time, 1000, journal)).Latencies];
            through = [.. through, .. (await PairsAsync(withServer: true, 0, time, 1000, journal)).Latencies];
        }
        Array.Sort(alone);
        Array.Sort(through);
        table.AddRow("1000 pairs/s, AM -> CMTS", "open loop", $"{alone.Length} sets", "", Ms(alone, 0.5), Ms(alone, 0.99), "");
        table.AddRow("1000 pairs/s, AM -> policy server -> CMTS", "open loop", $"{through.Length} sets", "", Ms(through, 0.5), Ms(through, 0.99), "");
        table.AddRow("added by the policy server", "open loop", "", "", $"{At(through, 0.5) - At(alone, 0.5):F3} ms", $"{At(through, 0.99) - At(alone, 0.99):F3} ms", "p99 < 1 ms");
        double synch = await SynchAsync(gates);
        table.AddRow($"synchronise {gates} gates after a restart", "-", $"{synch:F2} s", "", "", "", "< 3 s");
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 130);
        AnsiConsole.Write(table);
        return 0;
    }

    private static void Add(Table table, string name, int outstanding, double rate, double cpu, double[] latencies, string goal) =>
        table.AddRow(name, $"{outstanding}", $"{rate:F0}", $"{cpu:F1} us", Ms(latencies, 0.5), Ms(latencies, 0.99), goal);

    private static string Ms(double[] values, double share) => $"{At(values, share):F3} ms";

    private static double At(double[] values, double share) => values.Length == 0 ? 0 : values[(int)Math.Min(values.Length - 1, values.Length * share)];

    /// <summary>Pairs per second, and the sorted latencies of Gate-Set in milliseconds.</summary>
    private static async Task<(double Rate, double CpuMicroseconds, double[] Latencies)> PairsAsync(bool withServer, int outstanding, TimeSpan time, int? perSecond, string journal)
    {
        await using Rig rig = await Rig.StartAsync(withServer, journal);
        var started = new Dictionary<string, long>();
        var latencies = new List<double>(1 << 20);
        long pairs = 0;
        int next = 0;
        bool isMeasuring = false, isOver = false;
        using var idle = new SemaphoreSlim(0);
        using IDisposable subscription = rig.Manager.Subscribe(happened =>
        {
            switch (happened.Kind)
            {
                case GateEventKind.Set:
                    lock (started)
                    {
                        if (started.Remove(happened.Session, out long since) && isMeasuring) latencies.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
                    }
                    _ = rig.Manager.ReleaseGatesAsync(happened.Session);
                    break;
                case GateEventKind.Released:
                    pairs++;
                    if (perSecond is null && !isOver) Begin();
                    else idle.Release();
                    break;
                default:
                    throw new InvalidOperationException($"{happened.Kind} {happened.Error}");
            }
        });
        for (int i = 0; perSecond is null && i < outstanding; i++) Begin();
        using var pacing = new CancellationTokenSource();
        Thread? paced = null;
        if (perSecond is { } pace)
        {
            // A thread of its own: what waits for a free pool thread must be the engines, not the clock that measures them.
            paced = new Thread(() => Pace(pace, Begin, pacing.Token)) { IsBackground = true, Priority = ThreadPriority.Highest };
            paced.Start();
        }
        await Task.Delay(500);
        isMeasuring = true;
        long before = pairs, begin = Stopwatch.GetTimestamp();
        TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
        await Task.Delay(time);
        double elapsed = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        long done = pairs - before;
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        isMeasuring = false;
        isOver = true;
        await pacing.CancelAsync();
        paced?.Join();
        for (int i = 0; perSecond is null && i < outstanding; i++) await idle.WaitAsync(TimeSpan.FromSeconds(5));
        lock (started) return (done / elapsed, cpu.TotalMicroseconds / Math.Max(done, 1), [.. latencies.Order()]);

        void Begin()
        {
            int i = Interlocked.Increment(ref next);
            string session = $"s{i}";
            lock (started) started[session] = Stopwatch.GetTimestamp();
            _ = rig.Manager.RequestGatesAsync(session, [Request(i)]);
        }
    }

    /// <summary>Open loop: begins one every 1/pace s whatever has become of the earlier ones.</summary>
    private static void Pace(int pace, Action begin, CancellationToken stop)
    {
        long origin = Stopwatch.GetTimestamp();
        for (long sent = 0; !stop.IsCancellationRequested;)
        {
            for (long due = (long)(Stopwatch.GetElapsedTime(origin).TotalSeconds * pace); sent < due; sent++) begin();
            Thread.Sleep(1);
        }
    }

    /// <summary>Sets many gates, restarts the application manager with its journal, and waits until everything agrees.</summary>
    private static async Task<double> SynchAsync(int gates)
    {
        var journal = new MemoryGateJournal();
        await using Rig rig = await Rig.StartAsync(withServer: true, "", journal);
        int set = 0;
        var all = new TaskCompletionSource();
        using (rig.Manager.Subscribe(happened => { if (happened.Kind == GateEventKind.Set && Interlocked.Increment(ref set) == gates) all.TrySetResult(); }))
        {
            for (int i = 0; i < gates; i += 500)
            {
                while (i - Volatile.Read(ref set) > 4000) await Task.Delay(1);
                await rig.Manager.RequestGatesAsync($"s{i}", [.. Enumerable.Range(i, Math.Min(500, gates - i)).Select(Request)]);
            }
            await all.Task.WaitAsync(TimeSpan.FromMinutes(2));
        }
        await rig.Manager.DisposeAsync();
        long before = Stopwatch.GetTimestamp();
        await rig.RestartManagerAsync(journal);
        while (rig.Manager.Counters.Synchronisations == 0) await Task.Delay(5);
        double seconds = Stopwatch.GetElapsedTime(before).TotalSeconds;
        if (rig.Manager.GateCount != gates || rig.Manager.Counters.Lost > 0) throw new InvalidOperationException($"{rig.Manager.GateCount} gates after synchronisation, {rig.Manager.Counters.Lost} lost");
        return seconds;
    }

    private static GateRequest Request(int i)
    {
        var home = new IPEndPoint(new IPAddress([10, 1, (byte)(i >> 8), (byte)i]), 16384);
        var far = new IPEndPoint(new IPAddress([198, 51, 100, 7]), 40000);
        return new GateRequest(
            new GateSpec(GateDirection.Upstream) { T1 = 200, T2 = 300, T3 = 600, T4 = 30 }, SubscriberId.From(home.Address),
            TrafficProfile.FromFlowSpec(ResourceEnvelopes.Commit, FlowSpec.Constant(200, 50)), [Classifier.ForFlow(1, 17, home, far)]);
    }

    private static SubscriberPrefix Prefix(string text) => SubscriberPrefix.TryParse(text, out SubscriberPrefix prefix) ? prefix : throw new FormatException(text);

    /// <summary>CMTS, policy server if wanted, and application manager, connected.</summary>
    private sealed class Rig : IAsyncDisposable
    {
        private readonly CmtsHost _cmts;
        private readonly PolicyServerHost? _server;
        private readonly IPEndPoint _target;
        private FileGateJournal? _file;

        private Rig(bool withServer)
        {
            var settings = new CmtsSettings { Modems = [Prefix("10.1.0.0/16")], CapacityUp = 1e12, SidsPerModem = 60000 };
            _cmts = new CmtsHost(settings, TimeProvider.System, NullLogger<CmtsHost>.Instance);
            _cmts.Start(new IPEndPoint(IPAddress.Loopback, 0), Loopback);
            _target = _cmts.LocalEndPoints[0];
            if (!withServer) return;
            var server = new PolicyServerSettings(new Psid(77), [(Prefix("10.1.0.0/16"), 0)]);
            _server = new PolicyServerHost(server, [_target], PolicyRules.Unlimited, TimeProvider.System, NullLogger<PolicyServerHost>.Instance);
            _server.Start(new IPEndPoint(IPAddress.Loopback, 0), Loopback);
            _target = _server.LocalEndPoints[0];
        }

        public PolicyServerLink Manager { get; private set; } = null!;

        public static async Task<Rig> StartAsync(bool withServer, string journal, IGateJournal? own = null)
        {
            var rig = new Rig(withServer);
            if (rig._server is { } server)
            {
                while (!(await server.SnapshotAsync()).Cmts[0]) await Task.Delay(10);
            }
            if (own is null && journal.Length > 0)
            {
                File.Delete(journal);
                own = rig._file = new FileGateJournal(journal);
            }
            await rig.RestartManagerAsync(own ?? new MemoryGateJournal());
            return rig;
        }

        public async Task RestartManagerAsync(IGateJournal journal)
        {
            var settings = new ApplicationManagerSettings(0x5678) { OrphanGrace = TimeSpan.FromSeconds(55), RequestDeadline = TimeSpan.FromSeconds(30), Cops = new CopsSettings() };
            Manager = new PolicyServerLink(settings, [_target], journal, TimeProvider.System, NullLogger<PolicyServerLink>.Instance);
            await Manager.StartAsync(CancellationToken.None);
            while (!Manager.IsConnected) await Task.Delay(5);
        }

        public async ValueTask DisposeAsync()
        {
            await Manager.DisposeAsync();
            if (_server is not null) await _server.DisposeAsync();
            await _cmts.DisposeAsync();
            _file?.Dispose();
        }
    }
}
