using System.CommandLine;
using System.Text.Json;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Demo;
using MediaRelay.Server.Hosting;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay demo</c>: the whole product on one machine, what <c>./run.sh</c> starts.</summary>
internal static class DemoCommand
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public static Command Create()
    {
        var metrics = new Option<string>("--metrics") { Description = "Address and port of health and metrics.", HelpName = "ip:port", DefaultValueFactory = _ => "127.0.0.1:9464" };
        var listen = new Option<string>("--listen") { Description = "Address that everything listens on.", HelpName = "address", DefaultValueFactory = _ => "127.0.0.1" };
        var port = new Option<int>("--https-port") { Description = "Port of portal, API and WHEP.", DefaultValueFactory = _ => 9443 };
        var json = new Option<bool>("--json") { Description = "Print one JSON line once everything is ready, for scripts." };
        var camera = new Option<string?>("--camera") { Description = "Your own camera instead of the first test picture, e.g. rtsp://user:secret@192.0.2.8/stream.", HelpName = "url" };
        var alarm = new Option<bool>("--alarm") { Description = "Raise a burglary ten seconds after the start." };
        var nat = new Option<string?>("--nat")
        {
            Description = "Put the home into a network namespace behind a NAT; its media then goes through the relay. Kinds: symmetric (when none is named), port-restricted, endpoint-independent, udp-blocked. Needs root.",
            HelpName = "kind", Arity = ArgumentArity.ZeroOrOne,
        };
        var data = new Option<string?>("--data") { Description = "Folder to keep the data in; without it a new one that goes with the demo.", HelpName = "folder" };
        var command = new Command("demo", """
            Run the whole product on this machine: all roles, an emulated CMTS and policy server, and a home with two cameras.

            Examples:
              mediarelay demo
              mediarelay demo --alarm
              mediarelay demo --camera rtsp://user:secret@192.0.2.8/stream
              mediarelay demo --listen 192.0.2.5 --https-port 8443
              mediarelay demo --nat                                                the home behind a symmetric NAT (root)
              mediarelay demo --json --https-port 9700 --metrics 127.0.0.1:9701

            Users, passwords and certificates are made for this run. Ctrl-C ends everything.
            """)
        {
            metrics, listen, port, json, camera, alarm, nat, data,
        };
        command.SetAction(async (parse, _) =>
        {
            DemoNatKind? kind = parse.GetResult(nat) is { Implicit: false } ? ReadKind(parse.GetValue(nat)) : null;
            if (kind is { } named && (Enum.IsDefined(named) ? DemoNat.Obstacle() : $"--nat {parse.GetValue(nat)} is no kind of NAT. Kinds: symmetric, port-restricted, endpoint-independent, udp-blocked.") is { } obstacle)
            {
                await Console.Error.WriteLineAsync($"mediarelay: {obstacle}");
                return Enum.IsDefined(named) ? ExitCode.NoPermission : ExitCode.Usage;
            }

            string folder = parse.GetValue(data) ?? Directory.CreateTempSubdirectory("mediarelay-demo-").FullName;
            try
            {
                using DemoNat? network = kind is { } wanted ? DemoNat.Create(wanted) : null;
                var settings = new DemoSettings
                {
                    // Loopback does not lead out of the home's namespace, so the link to its router takes its place.
                    Listen = network is not null && parse.GetResult(listen) is not { Implicit: false } ? network.HostAddress : parse.GetValue(listen)!, Nat = network, HttpsPort = parse.GetValue(port) is var p && p == 0 ? DemoSettings.FreePort() : p, Metrics = parse.GetValue(metrics)!,
                    Folder = Path.GetFullPath(folder), Camera = parse.GetValue(camera), RaisesAlarm = parse.GetValue(alarm),
                };
                network?.OnlyTheRelay(settings.Listen, settings.TurnPort, settings.RelayedPorts);
                return await RunAsync(settings, parse.GetValue(json));
            }
            catch (InvalidOperationException e) when (kind is not null && e.Message.StartsWith("The home's network", StringComparison.Ordinal))
            {
                await Console.Error.WriteLineAsync($"mediarelay: {e.Message}");
                return ExitCode.Unavailable;
            }
            finally
            {
                if (parse.GetValue(data) is null)
                    Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(DemoSettings settings, bool json)
    {
        var node = new DemoNode(settings);
        var (configuration, faults) = ServerConfiguration.Load(null, node.Overrides);
        if (faults.Count > 0)
            return ServerRunner.Report(faults);
        WebApplication app = RoleHost.Build(configuration, builder => node.AddNetwork(builder.Services));
        using DemoRtspCamera? hall = await DemoRtspCamera.TryStartAsync(settings.Nat);
        using var gateway = new DemoGateway(settings, hall);
        return await ServerRunner.RunAsync(app, async () =>
        {
            gateway.Start(await node.FillAsync(app.Services));
            bool ready = await DemoNode.IsReadyAsync(app.Services, s_patience);
            Console.WriteLine(json ? Json(settings, app, gateway) : Text(settings, ready));
            if (settings.RaisesAlarm)
                _ = RaiseAsync(app.Services.GetRequiredService<GatewayLinks>());
        });
    }

    /// <summary>A kind by its name; an undefined value when there is none of that name.</summary>
    private static DemoNatKind ReadKind(string? text) => text is null ? DemoNatKind.Symmetric
        : char.IsAsciiLetter(text.FirstOrDefault()) && Enum.TryParse(text.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out DemoNatKind kind) && Enum.IsDefined(kind) ? kind : (DemoNatKind)(-1);

    private static string Text(DemoSettings settings, bool ready) => $"""

        MediaRelay is running{(ready ? "" : ", but its demo home did not connect within a minute")}.

          portal    {settings.Portal}   (the certificate is this run's own; accept it once)
        {string.Join('\n', settings.Users.Select(u => $"            {u.Id,-5} {u.Password}   {Title(u.Role)}"))}
        {(settings.Nat is { } nat ? $"  home      behind a {Words(nat.Kind)} NAT, seen as {nat.PublicAddress}; look in from this machine and the video goes through the relay\n" : "")}
          metrics   http://{settings.Metrics}/metrics      health   http://{settings.Metrics}/healthz

        Log in as ann and open a camera. With --alarm a burglary follows: log in as olga and claim it.
        Ctrl-C stops.
        """;

    private static string Json(DemoSettings settings, WebApplication app, DemoGateway gateway)
    {
        PortalSessions sessions = app.Services.GetRequiredService<PortalSessions>();
        PortalUsers users = app.Services.GetRequiredService<PortalUsers>();
        return JsonSerializer.Serialize(new
        {
            portal = settings.Portal,
            users = settings.Users.Select(u => new { role = u.Role.ToString(), name = u.Id, password = u.Password }),
            whep = settings.Users.Select(u => new
            {
                role = u.Role.ToString(), url = $"{settings.Portal}/whep/{DemoNode.Home}/cam-front", token = sessions.Start(users.Find(u.Id)!, isToken: true, TimeSpan.FromHours(12)).Id,
            }),
            home = DemoNode.Home,
            cameras = (string[])["cam-front", "cam-hall"],
            gateway = new { id = DemoNode.Gateway, processId = gateway.ProcessId, server = $"https://{settings.Listen}:{settings.GatewayPort}" },
            turn = settings.Turn,
            metrics = $"http://{settings.Metrics}/metrics",
            cops = new { policyServer = $"127.0.0.1:{settings.PolicyPort}", cmts = $"127.0.0.1:{settings.CmtsPort}" },
            authority = Path.Combine(settings.Folder, "authority", "ca.crt"),
        });
    }

    /// <summary>Arms the home and opens the kitchen window.</summary>
    private static async Task RaiseAsync(GatewayLinks links)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        await links.SendAsync(DemoNode.Gateway, new Instruction
        {
            Id = $"demo-{Guid.NewGuid():N}", Time = now, Expires = now.AddMinutes(1), Kind = InstructionKinds.PartitionArm,
            Body = new PartitionBody { Id = 1, Mode = "away", User = "demo", ExitDelay = TimeSpan.FromSeconds(1) },
        });
        await Task.Delay(TimeSpan.FromSeconds(10));
        await DemoModule.TriggerAsync(links, "kitchen-window", "open");
    }

    private static string Words(DemoNatKind kind) => kind switch
    {
        DemoNatKind.Symmetric => "symmetric",
        DemoNatKind.PortRestricted => "port-restricted",
        DemoNatKind.EndpointIndependent => "endpoint-independent",
        _ => "UDP-blocking",
    };

    private static string Title(Signaling.Access.ActorRole role) => role switch
    {
        Signaling.Access.ActorRole.HomeOwner => "home owner",
        Signaling.Access.ActorRole.CentralStationOperator => "central station",
        Signaling.Access.ActorRole.CentralStationSupervisor => "central station, supervisor",
        _ => "operator",
    };
}
