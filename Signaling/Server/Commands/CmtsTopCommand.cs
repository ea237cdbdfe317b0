using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using Spectre.Console;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay cmts top</c>: the live table of a running emulated CMTS.</summary>
internal static class CmtsTopCommand
{
    private const int WidthInFile = 140;

    public static Command Create()
    {
        var metrics = new Option<string>("--metrics") { Description = "Management address of the running CMTS.", HelpName = "ip:port", DefaultValueFactory = _ => "127.0.0.1:9466" };
        var once = new Option<bool>("--once") { Description = "Print the tables once and stop." };
        var rows = new Option<int>("--rows") { Description = "Most gates shown.", DefaultValueFactory = _ => 30 };
        var command = new Command("top", """
            Show modems, service flows and gates of a running emulated CMTS.

            Examples:
              mediarelay cmts top
              mediarelay cmts top --metrics 127.0.0.1:9466 --once --rows 100
            """)
        { metrics, once, rows };
        command.SetAction(async (parse, stop) => await RunAsync(parse.GetValue(metrics)!, parse.GetValue(once), parse.GetValue(rows), stop));
        return command;
    }

    private static Task<int> RunAsync(string address, bool once, int rows, CancellationToken stop) =>
        ManagementClient.AskAsync(address, "CMTS", $"Start it with mediarelay cmts --metrics {address}.", missing: null, async client =>
        {
            while (true)
            {
                CmtsView? view = await client.GetFromJsonAsync<CmtsView>($"/admin/cmts/snapshot?most={rows}", stop);
                if (!once) AnsiConsole.Clear();
                Print(view!);
                if (once) return Hosting.ExitCode.Success;
                await Task.Delay(TimeSpan.FromSeconds(1), stop);
            }
        }, stop);

    private static void Print(CmtsView view)
    {
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, WidthInFile); // A table for a file or a pipe keeps its lines whole.
        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{view.GateCount} gates, {view.PolicyServers} policy servers; up {view.ReservedUp / 1e6:F3} of {view.CapacityUp / 1e6:F0} Mbit/s, down {view.ReservedDown / 1e6:F3} of {view.CapacityDown / 1e6:F0} Mbit/s"));
        AnsiConsole.WriteLine($"sets {view.Counters.GateSets}, deletes {view.Counters.GateDeletes}, refused {view.Counters.Refused}, reports {view.Counters.Reports}, preempted {view.Counters.Preempted}, DSA {view.Counters.Dsa}, DSC {view.Counters.Dsc}, DSD {view.Counters.Dsd}");
        var modems = new Table { Border = TableBorder.Simple };
        modems.AddColumns("modem", "online", "gates", "SIDs");
        foreach (CmtsModemRow modem in view.Modems) modems.AddRow(modem.Address, modem.IsOnline ? "yes" : "no", Number(modem.Gates), Number(modem.Sids));
        AnsiConsole.Write(modems);
        var gates = new Table { Border = TableBorder.Simple };
        gates.AddColumns("gate", "subscriber", "direction", "state", "flow", "scheduling", "kbit/s", "kB", "s", "AMID");
        foreach (CmtsGateRow g in view.Gates)
        {
            gates.AddRow(g.Id, g.Subscriber, g.Direction, g.State, Number(g.ServiceFlow), g.Scheduling, Number(g.Reserved / 1e3), Number(g.UsageKilobytes), Number(g.CommittedSeconds), g.Owner);
        }
        AnsiConsole.Write(gates);
    }

    private static string Number<T>(T value)
        where T : IFormattable => value.ToString(value is double ? "F1" : null, CultureInfo.InvariantCulture);
}
