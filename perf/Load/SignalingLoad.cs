using System.CommandLine;
using System.Globalization;
using MediaRelay.Load.Signaling;
using Spectre.Console;

namespace MediaRelay.Load;

/// <summary>The Event Server under the load of gateways: durable events, acknowledgement, held GETs, instructions, return after a restart.</summary>
internal static class SignalingLoad
{
    private const double RequiredPerSecond = 20_000;
    private const int StormGateways = 32;
    private const int StormRounds = 5;

    public static Command Create()
    {
        var seconds = new Option<double>("--seconds") { Description = "Length of each throughput measurement.", DefaultValueFactory = _ => 5 };
        var connections = new Option<int>("--connections") { Description = "Gateways that post events at the same time; 0 leaves the rows of events out.", DefaultValueFactory = _ => 64 };
        var held = new Option<int>("--held") { Description = "Gateways that hold a GET and return after the restart; 0 leaves those rows out.", DefaultValueFactory = _ => 5000 };
        var warmUp = new Option<double>("--warm-up") { Description = "Seconds of load before the first measurement.", DefaultValueFactory = _ => 12 };
        var rows = new Option<string[]>("--row") { Description = "events, acknowledgement, storm or held; repeat for several. All when absent." };
        rows.AcceptOnlyFromAmong("events", "acknowledgement", "storm", "held");
        var command = new Command("signaling", """
            Measures the Event Server in a process of its own, over mutual TLS on loopback; generator and server share the cores.
            Examples: dotnet run -c Release --project perf/Load -- signaling --held 5000
                      dotnet run -c Release --project perf/Load -- signaling --row acknowledgement --seconds 20
            """)
        { seconds, connections, held, warmUp, rows };
        command.SetAction(async (parse, _) => await RunAsync(new SignalingLoadOptions
        {
            Connections = parse.GetValue(connections),
            Held = parse.GetValue(held),
            Length = TimeSpan.FromSeconds(parse.GetValue(seconds)),
            WarmUp = TimeSpan.FromSeconds(parse.GetValue(warmUp)),
            Rows = parse.GetValue(rows) ?? [],
        }));
        return command;
    }

    /// <summary>The child process; not for people.</summary>
    public static Command CreateServer()
    {
        var folder = new Argument<string>("folder");
        var port = new Argument<int>("port");
        var command = new Command("signaling-server", "The server process of the signaling load.") { folder, port };
        command.Hidden = true;
        command.SetAction(async (parse, _) => await ServerProcess.RunAsync(parse.GetValue(folder)!, parse.GetValue(port)));
        return command;
    }

    private static async Task RunAsync(SignalingLoadOptions options)
    {
        using var rounds = new SignalingRounds();
        await rounds.PrepareAsync(Math.Max(Math.Max(options.Connections, StormGateways + 1) + StormGateways + 1, options.Held + 50));
        var table = new Table().AddColumns("measurement", "result", "goal");
        if (options.Connections > 0)
            await EventsAsync(rounds, table, options);
        if (options.Held > 0 && options.Runs("held"))
            await HeldAsync(rounds, table, options.Held);
        AnsiConsole.Write(table);
    }

    private static async Task EventsAsync(SignalingRounds rounds, Table table, SignalingLoadOptions options)
    {
        // The program is compiled while it runs: only after this are the numbers its own.
        await rounds.ThroughputAsync(options.Connections, 8, options.WarmUp);
        await rounds.ThroughputAsync(options.Connections, 1, options.WarmUp / 2);
        if (options.Runs("events") || options.Runs("acknowledgement"))
        {
            Throughput batches = await rounds.ThroughputAsync(options.Connections, 8, options.Length);
            table.AddRow("durable events/s, batches of 8", batches.Text, ">= 20,000");
            if (options.Runs("events"))
                table.AddRow("durable events/s, one per POST", (await rounds.ThroughputAsync(options.Connections, 1, options.Length)).Text, ">= 5,000");
            if (options.Runs("acknowledgement"))
            {
                await AcknowledgeAsync(rounds, table, "acknowledgement at half of what it can", options, batches.PerSecond / 2);
                await AcknowledgeAsync(rounds, table, "acknowledgement at half of what it must", options, RequiredPerSecond / 2);
            }
        }

        if (options.Runs("storm"))
            await StormAsync(rounds, table, options);
    }

    private static async Task StormAsync(SignalingRounds rounds, Table table, SignalingLoadOptions options)
    {
        // The rows of events need rates far beyond what a home is allowed; a storm is met with those and with the default ones.
        StormResult raised = await rounds.StormAsync(0, StormGateways, 400, StormRounds, options.Length / 2);
        table.AddRow("p99 of 32 gateways at 400 events/s, alone and beside a storm; rates of this load", raised.Text, "");
        rounds.UseDefaultRates();
        StormResult usual = await rounds.StormAsync(Math.Max(options.Connections, StormGateways + 1), StormGateways, 400, StormRounds, options.Length / 2);
        table.AddRow("the same with the default rates", usual.Text, "+ 20 %");
    }

    private static async Task AcknowledgeAsync(SignalingRounds rounds, Table table, string row, SignalingLoadOptions options, double eventsPerSecond)
    {
        List<double> times = await rounds.AcknowledgeAsync(0, options.Connections, 8, eventsPerSecond, options.Length);
        table.AddRow(row, string.Create(CultureInfo.InvariantCulture,
            $"p50 {SignalingRounds.Percentile(times, 0.5):0.0} ms, p99 {SignalingRounds.Percentile(times, 0.99):0.0} ms, p99.9 {SignalingRounds.Percentile(times, 0.999):0.0} ms at {eventsPerSecond:#,0} events/s"), "p99 <= 20 ms");
    }

    private static async Task HeldAsync(SignalingRounds rounds, Table table, int held)
    {
        var latencies = new List<double>();
        (double bytes, double heap, double open, CancellationTokenSource stop, Task gets) = await rounds.HoldAsync(held, latencies);
        table.AddRow($"memory per held mutual-TLS GET ({held})", $"{bytes / 1000:0.0} kB, {heap / 1000:0.0} kB of it in the runtime's heap", "<= 60 kB");
        table.AddRow("connections opened/s, client certificate", string.Create(CultureInfo.InvariantCulture, $"{open:0}"), "");
        await rounds.SendAsync(1000, held, 100);
        table.AddRow($"instruction, queue to gateway, {held} connected", $"p50 {SignalingRounds.Percentile(latencies, 0.5):0.0} ms, p99 {SignalingRounds.Percentile(latencies, 0.99):0.0} ms", "p99 <= 10 ms");
        await stop.CancelAsync();
        await gets;
        stop.Dispose();
        (double back, double alarm) = await rounds.RestartAsync(held, 50);
        table.AddRow($"{held} gateways back (welcomed) after kill and restart", $"{back:0.0} s", "<= 30 s");
        table.AddRow("latest alarm meanwhile", $"{alarm:0.0} s", "<= 5 s");
    }
}
