using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Gateway;
using MediaRelay.Gateway.Cameras;
using MediaRelay.Gateway.Sensors;
using MediaRelay.Gateway.Session;
using MediaRelay.Media.IO;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Hosting;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;
using Spectre.Console;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay gateway</c>: the SMA Gateway of a home, or many simulated ones.</summary>
internal static class GatewayCommand
{
    public static Command Create()
    {
        var config = new Option<string?>("--config", "-c") { Description = "The gateway's configuration file (JSON, comments allowed).", HelpName = "file" };
        var level = new Option<LogLevel>("--log-level") { Description = "Lowest level that is logged.", DefaultValueFactory = _ => LogLevel.Information };
        var parent = new Option<bool>("--end-with-parent") { Description = "End when standard input closes, i.e. with the process that started the gateway." };
        var command = new Command("gateway", """
            Run the SMA Gateway of one home.

            Examples:
              mediarelay gateway sample > gateway.json
              mediarelay gateway --config gateway.json
              mediarelay gateway simulate --server https://127.0.0.1:8443 --data data --count 1000
            """)
        { config, level, parent };
        command.SetAction(async (parse, _) =>
        {
            if (parse.GetValue(config) is not { } path)
            {
                await Console.Error.WriteLineAsync("mediarelay: Name the gateway's configuration with --config gateway.json.");
                return ExitCode.Usage;
            }

            var faults = new List<string>();
            if (GatewayFile.Read(path, faults) is not { } file)
            {
                foreach (string fault in faults)
                    await Console.Error.WriteLineAsync($"mediarelay: {fault}");
                return ExitCode.Configuration;
            }

            // A gateway has no listener of its own; it only speaks to the operator.
            var host = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
            RoleHost.AddLogging(host.Logging, new NodeOptions { LogLevel = parse.GetValue(level) });
            host.Services.AddSingleton(file).AddSingleton(TimeProvider.System).AddMedia(file.Media);
            IReadOnlyDictionary<string, CameraEntry> cameras = file.CameraEntries();
            host.Services.AddSingleton<ISensorAdaptor>(new CameraAdaptor(cameras));
            host.Services.AddSingleton<IGatewayMedia>(p => new HomeMedia(
                p.GetRequiredService<MediaHost>(), cameras, TimeProvider.System, p.GetRequiredService<ILogger<HomeMedia>>()));
            host.Services.AddSingleton<ISensorAdaptor>(new SimulatedAdaptor(file.SimulatedChangesPerMinute));
            host.Services.AddHostedService<GatewayService>();
            host.Services.AddSingleton<IHostLifetime, SignalLifetime>();
            using IHost app = host.Build();
            if (parse.GetValue(parent))
                EndWithInput(app);
            if (file.KeepCamerasReady)
                ((HomeMedia)app.Services.GetRequiredService<IGatewayMedia>()).KeepReady();
            await app.RunAsync(CancellationToken.None);
            return ExitCode.Success;
        });
        command.Subcommands.Add(Sample());
        command.Subcommands.Add(Simulate());
        return command;
    }

    /// <summary>A process that starts a gateway holds its standard input open; when that process is gone the gateway stops.</summary>
    private static void EndWithInput(IHost app)
    {
        // Taken now: the container may be gone when the input closes.
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        var reader = new Thread(() =>
        {
            while (Console.Read() >= 0)
            {
                // What is typed means nothing; only the end does.
            }

            lifetime.StopApplication();
        })
        { IsBackground = true, Name = "parent-watch" };
        reader.Start();
    }

    private static Command Sample()
    {
        var command = new Command("sample", """
            Print a gateway's configuration file with every key and what it means.

            Example:
              mediarelay gateway sample > gateway.json
            """);
        command.SetAction(_ => Console.Write(GatewayFile.Sample()));
        return command;
    }

    private static Command Simulate()
    {
        var server = new Option<string>("--server") { Description = "Address of the Event Server.", DefaultValueFactory = _ => "https://127.0.0.1:8443" };
        var data = new Option<string>("--data") { Description = "Data folder of the Event Server on this machine; the homes are registered there and get certificates of its authority.", DefaultValueFactory = _ => "data" };
        var count = new Option<int>("--count") { Description = "Number of homes, 1 to 99999.", DefaultValueFactory = _ => 100 }.Within(1, 99_999);
        var seconds = new Option<double>("--seconds") { Description = "How long to run, at most a week (604800); 0 means until Ctrl-C.", DefaultValueFactory = _ => 60 }.Within(0, 604_800);
        var spread = new Option<double>("--spread") { Description = "Seconds over which the homes start, at most 3600.", DefaultValueFactory = _ => 10 }.Within(0, 3600);
        var rate = new Option<double>("--rate") { Description = "Changes of devices per home and minute, at most 6000.", DefaultValueFactory = _ => 6 }.Within(0, 6000);
        var loss = new Option<double>("--loss") { Description = "Share of requests, and of answers, that are lost, 0 to 1.", DefaultValueFactory = _ => 0 }.Within(0, 1);
        var duplicate = new Option<double>("--duplicate") { Description = "Share of posts that are sent twice, 0 to 1.", DefaultValueFactory = _ => 0 }.Within(0, 1);
        var reorder = new Option<double>("--reorder") { Description = "Share of posts that are held back and overtaken, 0 to 1.", DefaultValueFactory = _ => 0 }.Within(0, 1);
        var reboot = new Option<double>("--reboot") { Description = "Mean minutes between reboots of a home, each with its clock unset, at most 10080; 0 means none.", DefaultValueFactory = _ => 0 }.Within(0, 10_080);
        var command = new Command("simulate", """
            Many simulated homes with faults, as load and fault generator. Says every 5 s on standard error how far it is, and prints one table at the end.

            Examples:
              mediarelay gateway simulate --server https://127.0.0.1:8443 --data data --count 1000
              mediarelay gateway simulate --count 200 --loss 0.05 --duplicate 0.05 --reorder 0.1 --reboot 2 --seconds 300
            """)
        { server, data, count, seconds, spread, rate, loss, duplicate, reorder, reboot };
        command.SetAction(async (parse, cancellation) =>
        {
            string folder = parse.GetValue(data)!;
            if (!Uri.TryCreate(parse.GetValue(server), UriKind.Absolute, out Uri? address) || address.Scheme != Uri.UriSchemeHttps)
            {
                await Console.Error.WriteLineAsync($"mediarelay: --server is \"{parse.GetValue(server)}\", which is no https address. Write it as https://127.0.0.1:8443.");
                return ExitCode.Usage;
            }

            if (!File.Exists(Path.Combine(folder, "authority", "ca.key")))
            {
                await Console.Error.WriteLineAsync($"mediarelay: {Path.Combine(folder, "authority", "ca.key")} does not exist. Name the Event Server's data folder with --data, or make an authority there with 'mediarelay ca init --data {folder} --server NAME'.");
                return ExitCode.Usage;
            }

            string[] gateways = [.. Enumerable.Range(1, parse.GetValue(count)).Select(n => $"sim-{n:00000}")];
            using OperatorAuthority authority = OperatorAuthority.Open(Path.Combine(folder, "authority"));
            await using (SqliteStorage storage = SqliteStorage.Open(folder))
                await Task.WhenAll(gateways.Where(id => storage.Gateways.Find(id) is null).Select(id => storage.Gateways.SaveAsync(new GatewayRecord { Id = id, Home = id })));
            using X509Certificate2 trusted = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, "authority", "ca.crt"));
            var faults = new SimulatedFaults { LostRequests = parse.GetValue(loss), LostAnswers = parse.GetValue(loss), Duplicates = parse.GetValue(duplicate), Reordered = parse.GetValue(reorder) };
            using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.None));
            var homes = new SimulatedHomes(
                id =>
                {
                    IssuedCertificate issued = authority.IssueGateway(id, TimeSpan.FromDays(1), DateTimeOffset.UtcNow);
                    return new SmaHttpLink(id, [address], trusted, X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem), null);
                },
                faults, parse.GetValue(rate), TimeSpan.FromMinutes(parse.GetValue(reboot)), loggers.CreateLogger<SimulatedHomes>());
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (parse.GetValue(seconds) > 0)
                limit.CancelAfter(TimeSpan.FromSeconds(parse.GetValue(seconds)));
            await Console.Error.WriteLineAsync($"{gateways.Length} homes connect to {address} {(parse.GetValue(seconds) > 0 ? $"for {parse.GetValue(seconds):0} s" : "until Ctrl-C")}; the table follows at the end.");
            Task running = homes.RunAsync(gateways, TimeSpan.FromSeconds(parse.GetValue(spread)), limit.Token);
            int most = 0;
            for (int half = 1; !limit.IsCancellationRequested; half++)
            {
                await Task.Delay(500, limit.Token).ContinueWith(_ => { }, TaskScheduler.Default);
                most = Math.Max(most, homes.Connected);
                if (half % 10 == 0)
                    await Console.Error.WriteLineAsync($"{half / 2} s: {homes.Connected} of {gateways.Length} homes connected, {homes.Delivered} events delivered, {homes.Backlog} waiting.");
            }

            long backlog = homes.Backlog;
            await running;
            Print(gateways.Length, most, homes, backlog);
            if (most > 0 || gateways.Length == 0)
                return ExitCode.Success;
            await Console.Error.WriteLineAsync($"mediarelay: No home got a session at {address}. See that the Event Server listens there and that {folder} is its data folder, so that it knows the homes and their authority.");
            return ExitCode.Failed;
        });
        return command;
    }

    private static void Print(int count, int most, SimulatedHomes homes, long backlog)
    {
        // One line per value: seven columns are wider than 80 characters and would lose letters.
        var table = new Table().AddColumns("simulated homes", "");
        table.AddRow("homes", $"{count}").AddRow("most connected at once", $"{most}").AddRow("events delivered", $"{homes.Delivered}").AddRow("events still waiting", $"{backlog}");
        table.AddRow("instructions done", $"{homes.Executed}").AddRow("faults injected", $"{homes.Faults}").AddRow("reboots", $"{homes.Reboots}");
        AnsiConsole.Write(table);
    }
}
