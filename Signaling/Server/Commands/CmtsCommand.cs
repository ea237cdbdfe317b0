using System.CommandLine;
using System.Net;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.IO;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Hosting;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay cmts</c>: an emulated CMTS for development and tests.</summary>
internal static class CmtsCommand
{
    public static Command Create()
    {
        var command = new Command("cmts", """
            Run an emulated CMTS that policy servers (or an application manager alone) connect to.

            Examples:
              mediarelay cmts                                             modems 10.1.0.0/16 on 127.0.0.1:3918
              mediarelay cmts --listen 127.0.0.1:3918 --modems 10.1.0.0/16 --capacity-up 100M --capacity-down 1G \
                  --service-class G711:ugs:grant=232,interval=20000,jitter=800 --dsa-delay 5ms --time-scale 10
              mediarelay cmts --file cmts.json --traffic 0.5
              mediarelay cmts top                                         modems, service flows and gates, live

            The same live view is a page: http://127.0.0.1:9466/admin/cmts
            Exit codes: 0 stopped as asked, 69 a port is in use, 78 configuration.
            """);
        foreach (Option<string[]> flag in CmtsFlags.All) command.Add(flag);
        command.Add(CmtsFlags.File);
        command.Add(CmtsFlags.Metrics);
        LinkFlags.AddTo(command);
        command.Add(CmtsTopCommand.Create());
        command.SetAction(async (parse, _) =>
        {
            (CmtsSettings settings, IPEndPoint listen, IReadOnlyList<SubscriberPrefix> allowed, double traffic, List<ConfigurationFault> faults) = CmtsFlags.Read(parse);
            LinkFiles? files = LinkFlags.Read(parse, [listen], faults);
            if (faults.Count > 0) return ServerRunner.Report(faults);
            var builder = RoleHost.CreateBuilder(new NodeOptions { MetricsListen = parse.GetValue(CmtsFlags.Metrics)!, DrainTimeout = TimeSpan.FromSeconds(5) });
            builder.Services.AddSingleton(s => new CmtsHost(settings, TimeProvider.System, s.GetRequiredService<ILogger<CmtsHost>>(), s.GetService<LinkSecurity>()));
            builder.Services.AddLinkSecurity(files);
            builder.Services.AddHostedService(s => new Runner(s.GetRequiredService<CmtsHost>(), listen, allowed, traffic));
            WebApplication app = builder.Build();
            RoleHost.MapManagement(app, ["Cmts"]);
            MapPage(app);
            return await ServerRunner.RunAsync(app, async () =>
            {
                IPEndPoint at = app.Services.GetRequiredService<CmtsHost>().LocalEndPoints[0];
                await Console.Out.WriteLineAsync($"Emulated CMTS on {at}, live page http://{app.Urls.FirstOrDefault()?.Split("//")[^1]}/admin/cmts");
            });
        });
        return command;
    }

    private static void MapPage(WebApplication app)
    {
        CmtsHost cmts = app.Services.GetRequiredService<CmtsHost>();
        app.MapGet("/admin/cmts", () => Results.Content(CmtsPage.Html, "text/html; charset=utf-8"));
        app.MapGet("/admin/cmts/snapshot", async (int? most) => Results.Json(CmtsPage.View(await cmts.SnapshotAsync(Math.Clamp(most ?? 200, 1, 100_000)), cmts.Counters)));
        app.MapPost("/admin/cmts/reboot", async () => { await cmts.RebootAsync(); return Results.Accepted(); });
        app.MapPost("/admin/cmts/modems/{modem}/lose", (string modem) => OnModem(modem, cmts.LoseModemAsync));
        app.MapPost("/admin/cmts/modems/{modem}/restore", (string modem) => OnModem(modem, cmts.RestoreModemAsync));
    }

    private static async Task<IResult> OnModem(string modem, Func<SubscriberId, Task> action)
    {
        if (!SubscriberId.TryParse(modem, out SubscriberId address)) return Results.NotFound();
        await action(address);
        return Results.Accepted();
    }

    private sealed class Runner(CmtsHost cmts, IPEndPoint listen, IReadOnlyList<SubscriberPrefix> allowed, double traffic) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            cmts.Start(listen, allowed, traffic);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => cmts.DisposeAsync().AsTask();
    }
}
