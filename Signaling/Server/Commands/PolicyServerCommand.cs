using System.CommandLine;
using System.Net;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.IO;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Hosting;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay policy-server</c>: between application managers and CMTSs.</summary>
internal static class PolicyServerCommand
{
    private static readonly Option<string> Listen = new("--listen") { Description = "Where application managers connect.", HelpName = "ip:port", DefaultValueFactory = _ => "127.0.0.1:3918" };
    private static readonly Option<string[]> Cmts = new("--cmts") { Description = "Subscribers and the CMTS that serves them, e.g. 10.1.0.0/16=127.0.0.1:3919; a name after @ is the PEPID it has to give itself. May be repeated.", HelpName = "range=ip:port[@name]" };
    private static readonly Option<FileInfo?> Rules = new("--rules") { Description = "JSON file with the rules; read again when it changes. Without it: 8 gates per subscriber, 4 new ones per minute.", HelpName = "file" };
    private static readonly Option<string[]> Allow = new("--allow") { Description = "Addresses that may connect; loopback when not given. May be repeated.", HelpName = "range" };
    private static readonly Option<uint> PsidOption = new("--psid") { Description = "This policy server's identity towards CMTSs, unique and from the numbers of AMIDs.", DefaultValueFactory = _ => 1 };
    private static readonly Option<int> ElementId = new("--element-id") { Description = "Event element id kept with every decision, 0 for none.", DefaultValueFactory = _ => 0 };

    private static readonly Option<string> Name = new("--name") { Description = "PEPID that the policy server gives itself towards application managers.", DefaultValueFactory = _ => "policy-server" };

    private static readonly Option<string> Metrics = new("--metrics")
    {
        Description = "Management address: /healthz, /metrics and /admin/policy-server.", HelpName = "ip:port", DefaultValueFactory = _ => "127.0.0.1:9465",
    };

    public static Command Create()
    {
        var command = new Command("policy-server", """
            Run a PacketCable Multimedia policy server between application managers and CMTSs.

            Examples:
              mediarelay policy-server --cmts 10.1.0.0/16=127.0.0.1:3919
              mediarelay policy-server --listen 127.0.0.1:3918 --cmts 10.1.0.0/16=127.0.0.1:3919 --cmts 10.2.0.0/16=127.0.0.1:3920 --rules rules.json

            Rules (all optional): { "maxGatesPerSubscriber": 8, "newGatesPerMinute": 4, "maxRateUp": "10M", "profileTypes": ["FlowSpec"],
              "applications": [{ "type": 1, "peers": ["192.0.2.10"], "maxPriority": 5, "mayPreempt": false, "from": "06:00", "to": "22:00" }],
              "subscribers": [{ "range": "10.1.9.0/24", "deny": true }], "cmts": [{ "cmts": 0, "maxGates": 20000 }],
              "sessionClassLimits": { "7": 100 }, "maxTimeSeconds": 3600, "rewrite": { "maxPriority": 5, "dscp": 34, "t3": 60 } }
            Exit codes: 0 stopped as asked, 69 a port is in use, 78 configuration.
            """)
        { Listen, Cmts, Rules, Allow, PsidOption, ElementId, Name, Metrics };
        LinkFlags.AddTo(command);
        command.SetAction(async (parse, _) =>
        {
            var faults = new List<ConfigurationFault>();
            var addresses = new List<IPEndPoint>();
            var routes = new List<(SubscriberPrefix, int)>();
            var names = new List<string?>();
            foreach (string text in parse.GetValue(Cmts) ?? []) AddRoute(text, addresses, names, routes, faults);
            if (routes.Count == 0 && faults.Count == 0) faults.Add(new("--cmts", "No CMTS is named. Add for example --cmts 10.1.0.0/16=127.0.0.1:3919."));
            if (!Endpoints.TryParse(parse.GetValue(Listen)!, out IPEndPoint listen)) faults.Add(new("--listen", $"--listen is \"{parse.GetValue(Listen)}\"; wanted is an address and port such as 127.0.0.1:3918."));
            var allowed = new List<SubscriberPrefix>();
            foreach (string text in parse.GetValue(Allow) is { Length: > 0 } given ? given : ["127.0.0.0/8", "::1"])
            {
                if (SubscriberPrefix.TryParse(text, out SubscriberPrefix range)) allowed.Add(range);
                else faults.Add(new("--allow", $"--allow is \"{text}\"; wanted is a range of addresses such as 10.0.0.0/8."));
            }
            var rules = new PolicyRules();
            FileInfo? file = parse.GetValue(Rules);
            if (file is not null && !RulesFile.TryRead(file.FullName, out rules, out IReadOnlyList<string> wrong)) faults.AddRange(wrong.Select(w => new ConfigurationFault("--rules", w)));
            LinkFiles? files = LinkFlags.Read(parse, [listen, .. addresses], faults);
            if (faults.Count > 0) return ServerRunner.Report(faults);

            var settings = new PolicyServerSettings(new Psid(parse.GetValue(PsidOption)), routes)
            {
                ElementId = parse.GetValue(ElementId), CmtsNames = names, North = new CopsSettings(parse.GetValue(Name)!),
            };
            var builder = RoleHost.CreateBuilder(new NodeOptions { MetricsListen = parse.GetValue(Metrics)!, DrainTimeout = TimeSpan.FromSeconds(5) });
            builder.Services.AddSingleton(s => new PolicyServerHost(settings, addresses, rules, TimeProvider.System, s.GetRequiredService<ILogger<PolicyServerHost>>(), s.GetService<LinkSecurity>()));
            builder.Services.AddLinkSecurity(files);
            builder.Services.AddHostedService(s => new Runner(s.GetRequiredService<PolicyServerHost>(), listen, allowed, file?.FullName, s.GetRequiredService<ILogger<RulesFile>>()));
            WebApplication app = builder.Build();
            RoleHost.MapManagement(app, ["PolicyServer"]);
            PolicyServerHost server = app.Services.GetRequiredService<PolicyServerHost>();
            app.MapGet("/admin/policy-server", async () =>
            {
                (int gates, int managers, IReadOnlyList<bool> cmts) = await server.SnapshotAsync();
                return Results.Json(new { gates, applicationManagers = managers, cmts = addresses.Select((a, i) => new { address = a.ToString(), connected = cmts[i] }), counters = server.Counters });
            });
            return await ServerRunner.RunAsync(app, () => Console.Out.WriteLineAsync($"Policy server on {server.LocalEndPoints[0]}, {addresses.Count} CMTS"));
        });
        return command;
    }

    private static void AddRoute(string text, List<IPEndPoint> addresses, List<string?> names, List<(SubscriberPrefix, int)> routes, List<ConfigurationFault> faults)
    {
        int at = text.IndexOf('@', StringComparison.Ordinal);
        string? name = at < 0 ? null : text[(at + 1)..];
        string[] parts = (at < 0 ? text : text[..at]).Split('=');
        bool isSound = parts.Length == 2 & SubscriberPrefix.TryParse(parts[0], out SubscriberPrefix range) & Endpoints.TryParse(parts[^1], out IPEndPoint address);
        if (!isSound)
        {
            faults.Add(new("--cmts", $"--cmts is \"{text}\"; wanted is range=address:port such as 10.1.0.0/16=127.0.0.1:3919."));
            return;
        }
        int place = addresses.IndexOf(address);
        if (place < 0)
        {
            place = addresses.Count;
            addresses.Add(address);
            names.Add(null);
        }
        names[place] = name ?? names[place];
        routes.Add((range, place));
    }

    private sealed class Runner(PolicyServerHost server, IPEndPoint listen, IReadOnlyList<SubscriberPrefix> allowed, string? rules, ILogger<RulesFile> logger) : IHostedService, IDisposable
    {
        private RulesFile? _file;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            server.Start(listen, allowed);
            if (rules is not null) _file = new RulesFile(rules, server.UseRulesAsync, TimeProvider.System, logger);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            Dispose();
            return server.DisposeAsync().AsTask();
        }

        public void Dispose() => _file?.Dispose();
    }
}
