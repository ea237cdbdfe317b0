using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using MediaRelay.Turn.IO;
using Spectre.Console;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay turn top</c>: the live table of allocations of a running relay.</summary>
internal static class TurnTopCommand
{
    /// <summary>A file or pipe has no width of its own; addresses must not be cut there.</summary>
    private const int WidthForFiles = 240;

    public static Command Create()
    {
        var metrics = new Option<string>("--metrics") { Description = "Management address of the running relay.", HelpName = "ip:port", DefaultValueFactory = _ => "127.0.0.1:9464" };
        var once = new Option<bool>("--once") { Description = "Print the table once and stop." };
        var rows = new Option<int>("--rows") { Description = "Most rows shown.", DefaultValueFactory = _ => 40 };
        var sort = new Option<string>("--sort") { Description = "Order: rate, bytes or age.", DefaultValueFactory = _ => "rate" };
        var command = new Command("top", """
            Show the allocations of a running relay: who, since when, how much, to which peers.

            Examples:
              mediarelay turn top                                     every two seconds, busiest first
              mediarelay turn top --metrics 10.0.0.1:9464 --once --sort age
            """)
        { metrics, once, rows, sort };
        command.SetAction(async (parse, stop) =>
            await RunAsync(parse.GetValue(metrics)!, parse.GetValue(once), parse.GetValue(rows), parse.GetValue(sort)!, stop));
        return command;
    }

    private static Task<int> RunAsync(string address, bool once, int rows, string sort, CancellationToken stop) =>
        ManagementClient.AskAsync(address, "relay", $"Start it with --metrics {address}.", $"the node at {address} has no relay. Ask one with a Turn section.", async client =>
        {
            var before = new Dictionary<string, long>();
            while (true)
            {
                var table = await client.GetFromJsonAsync<TurnTable>("/admin/turn/allocations?limit=100000", stop);
                if (!once)
                    AnsiConsole.Clear();
                Print(table!, before, rows, sort);
                if (once)
                    return Hosting.ExitCode.Success;
                await Task.Delay(TimeSpan.FromSeconds(2), stop);
            }
        }, stop);

    private static void Print(TurnTable table, Dictionary<string, long> before, int rows, string sort)
    {
        var known = table.Rows.Select(row => (Row: row, Rate: Rate(row, before))).ToList();
        before.Clear();
        foreach (var row in table.Rows)
            before[Key(row)] = Bytes(row);
        var ordered = sort switch
        {
            "age" => known.OrderByDescending(item => item.Row.AgeSeconds),
            "bytes" => known.OrderByDescending(item => Bytes(item.Row)),
            _ => known.OrderByDescending(item => item.Rate).ThenByDescending(item => Bytes(item.Row)),
        };
        AnsiConsole.WriteLine($"{table.Allocations} allocations{(table.IsDraining ? ", draining" : "")}");
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = WidthForFiles;
        var grid = new Table { Border = TableBorder.Simple };
        foreach (var title in (string[])["user", "client", "over", "relayed", "since", "to peers", "to client", "rate", "peers"])
            _ = grid.AddColumn(new TableColumn(title) { NoWrap = title is not ("user" or "peers") });
        foreach (var (row, rate) in ordered.Take(rows))
        {
            _ = grid.AddRow(new[]
            {
                row.User, row.Client, row.Transport, string.Join(' ', row.Relayed), Age(row.AgeSeconds), Size(row.BytesToPeer), Size(row.BytesToClient),
                rate > 0 ? $"{Size(rate)}/s" : "-", string.Join(' ', row.Peers.Take(4)) + (row.Peers.Count > 4 ? $" +{row.Peers.Count - 4}" : ""),
            }.Select(text => new Text(text)).ToArray());
        }

        AnsiConsole.Write(grid);
    }

    private static long Bytes(TurnTableRow row) => row.BytesToPeer + row.BytesToClient;

    private static string Key(TurnTableRow row) => $"{row.Client} {string.Join(' ', row.Relayed)}";

    private static long Rate(TurnTableRow row, Dictionary<string, long> before) => before.TryGetValue(Key(row), out var last) ? (Bytes(row) - last) / 2 : 0;

    private static string Age(double seconds) => TimeSpan.FromSeconds(seconds) is { TotalHours: >= 1 } long_
        ? long_.ToString(@"d\d\ hh\:mm", CultureInfo.InvariantCulture)
        : TimeSpan.FromSeconds(seconds).ToString(@"mm\:ss", CultureInfo.InvariantCulture);

    private static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):F1} GB"),
        >= 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):F1} MB"),
        >= 1 << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 10):F1} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
    };
}
