using System.CommandLine;
using System.Globalization;
using MediaRelay.Load.Relay;
using Spectre.Console;

namespace MediaRelay.Load;

/// <summary>The relay beside Debian's coturn: same namespaces, same generator, interleaved rounds, one table of medians.</summary>
internal static class RelayLoad
{
    private const double GeneratorLimit = 90;

    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "Interleaved rounds; the table shows medians.", DefaultValueFactory = _ => 3 };
        var seconds = new Option<double>("--seconds") { Description = "Length of each media measurement in seconds.", DefaultValueFactory = _ => 2 };
        var allocations = new Option<int>("--allocations") { Description = "Allocations that carry media.", DefaultValueFactory = _ => 100 };
        var storm = new Option<int>("--storm") { Description = "Allocations of the storm.", DefaultValueFactory = _ => 4000 };
        var warm = new Option<int>("--warm") { Description = "Allocations made and ended before the storm is measured, for both servers alike.", DefaultValueFactory = _ => 8000 };
        var soak = new Option<double>("--soak") { Description = "Instead of the table: minutes at half load, with memory and sequence numbers watched.", DefaultValueFactory = _ => 0 };
        var window = new Option<int>("--window") { Description = "Datagrams under way in the closed loop.", DefaultValueFactory = _ => 192 };
        var program = new Option<string>("--program") { Description = "The mediarelay program or its dll.", DefaultValueFactory = _ => FindProgram() };
        var more = new Option<string>("--server-options") { Description = "Further options for our server.", DefaultValueFactory = _ => "" };
        var rows = new Option<string[]>("--row") { Description = "media (or of it audio-up, video-up, audio-down, video-down), latency, burst or storm; repeat for several. All when absent." };
        var only = new Option<string>("--only") { Description = "Run only 'ours' or 'coturn'.", DefaultValueFactory = _ => "" };
        var realTime = new Option<bool>("--realtime") { Description = "Real-time priority for server, receive threads and generator, on a machine busy with other work." };
        var command = new Command("relay", """
            Measures the TURN relay against Debian's coturn in network namespaces (needs root, coturn, ethtool).
            CPU is that of the server process plus the kernel threads that receive for its two devices.
            Example: dotnet run -c Release --project perf/Load -- relay --rounds 5
            """)
        { rounds, seconds, allocations, storm, warm, soak, window, program, more, rows, only, realTime };
        command.SetAction(parse =>
        {
            var options = new LoadOptions
            {
                Rounds = parse.GetValue(rounds),
                Duration = TimeSpan.FromSeconds(parse.GetValue(seconds)),
                Allocations = parse.GetValue(allocations),
                Storm = parse.GetValue(storm),
                Warm = parse.GetValue(warm),
                Soak = TimeSpan.FromMinutes(parse.GetValue(soak)),
                Window = parse.GetValue(window),
                Program = parse.GetValue(program)!,
                ServerOptions = parse.GetValue(more)!,
                RealTime = parse.GetValue(realTime),
                Rows = parse.GetValue(rows) ?? [],
            };
            return Run(options, parse.GetValue(only)!);
        });
        return command;
    }

    private static int Run(LoadOptions options, string only)
    {
        const int ServerCore = 0;
        if (MissingPrograms() is { Length: > 0 } missing)
        {
            Console.Error.WriteLine($"The relay load needs {missing}. Install them, e.g. apt-get install coturn ethtool iproute2 util-linux.");
            return 1;
        }

        var generatorCore = Math.Max(1, Environment.ProcessorCount - 1);
        RelayNetwork.Run("taskset", $"-a -p -c {generatorCore} {Environment.ProcessId}");
        RelayNetwork.Run("renice", $"-n -15 -p {Environment.ProcessId}");
        using var network = new RelayNetwork(ServerCore, generatorCore, options.RealTime);
        if (options.RealTime)
            RelayNetwork.Run("chrt", $"-a -f -p 2 {Environment.ProcessId}");
        if (options.Soak > TimeSpan.Zero)
        {
            using var server = only == "coturn" ? ServerUnderTest.StartCoturn(network, ServerCore, options.RealTime)
                : ServerUnderTest.StartOurs(network, ServerCore, options.RealTime, options.Program, options.ServerOptions);
            return new RelaySoak(options, network, server, Console.Error.WriteLine).Run() ? 0 : 1;
        }

        var ours = new Measurements();
        var theirs = new Measurements();
        for (var round = 1; round <= options.Rounds; round++)
        {
            Console.Error.WriteLine($"round {round} of {options.Rounds}");
            if (only != "ours")
            {
                using var server = ServerUnderTest.StartCoturn(network, ServerCore, options.RealTime);
                new RelayRound(options, network, server, theirs, Console.Error.WriteLine).Run();
            }

            if (only != "coturn")
            {
                using var server = ServerUnderTest.StartOurs(network, ServerCore, options.RealTime, options.Program, options.ServerOptions);
                new RelayRound(options, network, server, ours, Console.Error.WriteLine).Run();
            }
        }

        AnsiConsole.Profile.Width = 140;
        var table = new Table { Border = TableBorder.Markdown };
        _ = table.AddColumns("row", "coturn 4.6.1", "MediaRelay", "ratio");
        foreach (var row in theirs.Rows.Union(ours.Rows))
        {
            var (left, right) = (theirs.Median(row), ours.Median(row));
            _ = table.AddRow(row, Text(left), Text(right), left is > 0 && right is not null ? (right / left).Value.ToString("F2", CultureInfo.InvariantCulture) : "-");
        }

        AnsiConsole.Write(table);
        foreach (var row in theirs.Rows.Union(ours.Rows).Where(row => row.EndsWith(RelayRound.GeneratorBusy, StringComparison.Ordinal)))
        {
            foreach (var (name, value) in ((string, double?)[])[("coturn", theirs.Median(row)), ("MediaRelay", ours.Median(row))])
            {
                if (value >= GeneratorLimit)
                    Console.WriteLine($"{name}: the generator was the limit of packets/s in '{row[..^RelayRound.GeneratorBusy.Length]}' ({value:F0} % busy); CPU per packet holds all the same.");
            }
        }

        return 0;
    }

    private static string MissingPrograms() => string.Join(", ", ((string[])["turnserver", "ethtool", "ip", "taskset", "chrt"])
        .Where(name => !((string[])["/usr/sbin", "/usr/bin", "/sbin", "/bin"]).Any(folder => File.Exists(Path.Combine(folder, name)))));

    private static string Text(double? value) => value is null ? "-" : value.Value.ToString(value >= 1000 ? "N0" : "F2", CultureInfo.InvariantCulture);

    private static string FindProgram()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            var release = Path.Combine(directory.FullName, "Signaling/Server/bin/Release/net10.0/mediarelay.dll");
            if (File.Exists(release))
                return release;
        }

        return "mediarelay";
    }
}
