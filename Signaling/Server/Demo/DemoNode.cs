using System.Net;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Hosting;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Server.Demo;

/// <summary>All roles in one process, with an emulated CMTS and a policy server, and one home whose gateway is a process of its own.</summary>
internal sealed class DemoNode(DemoSettings settings)
{
    public const string Home = "home-1";
    public const string Gateway = "gw-demo";

    /// <summary>Options of all roles as the command line would give them.</summary>
    public IReadOnlyList<string> Overrides =>
    [
        $"--Node:MetricsListen={settings.Metrics}", "--Node:DrainTimeout=5s", $"--Node:DataFolder={settings.Folder}", "--Node:LogLevel=Error",
        $"--Turn:Listen={settings.Listen}:{settings.TurnPort}", "--Turn:Workers=1", "--Turn:Realm=demo", "--Turn:SubscriberQuota=1000", $"--Turn:AuthSecrets={settings.RelaySecret}",
        $"--Turn:Ports={settings.RelayedPorts}",
        .. IPAddress.TryParse(settings.Listen, out IPAddress? own) && IPAddress.IsLoopback(own) ? [] : (string[])[$"--Turn:AllowedPeers={settings.Listen}/32,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16{(settings.Nat is { } nat ? $",{nat.Link}" : "")}"],
        $"--Signaling:GatewayListen={settings.Listen}:{settings.GatewayPort}", $"--Signaling:PortalListen={settings.Listen}:{settings.HttpsPort}",
        $"--Signaling:PortalNames=localhost,127.0.0.1,{settings.Listen}", "--Signaling:ResetGrace=500ms", "--Signaling:SecondFactor=Optional",
        .. Relays(), $"--Signaling:RelaySecret={settings.RelaySecret}",
        $"--Qos:PolicyServers=127.0.0.1:{settings.PolicyPort}", $"--Qos:JournalFile={Path.Combine(settings.Folder, "gates.journal")}", "--Qos:ApplicationManagerTag=1",
    ];

    /// <summary>Adds what an operator has elsewhere: a CMTS and a policy server.</summary>
    public void AddNetwork(IServiceCollection services)
    {
        SubscriberPrefix anyone = Range("0.0.0.0/0"), here = Range("127.0.0.0/8");
        var cmts = new IPEndPoint(IPAddress.Loopback, settings.CmtsPort);
        services.AddSingleton(p => new CmtsHost(new CmtsSettings { Modems = [anyone], DsxDelay = TimeSpan.FromMilliseconds(5) }, TimeProvider.System, p.GetRequiredService<ILogger<CmtsHost>>()));
        services.AddSingleton(p => new PolicyServerHost(new PolicyServerSettings(new Psid(7), [(anyone, 0)]), [cmts], new PolicyRules { MaxGatesPerSubscriber = 64, NewGatesPerMinute = null }, TimeProvider.System, p.GetRequiredService<ILogger<PolicyServerHost>>()));
        // Before all other hosted services, so that the application manager finds them at its first try.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(p => new Network(p.GetRequiredService<CmtsHost>(), p.GetRequiredService<PolicyServerHost>(), cmts, new IPEndPoint(IPAddress.Loopback, settings.PolicyPort), here)));
        services.AddSingleton(settings);
        services.AddSingleton<IPortalModule, DemoModule>();
    }

    /// <summary>Registers the home, its gateway and the people; gives the gateway's claim code.</summary>
    public async Task<string> FillAsync(IServiceProvider services)
    {
        string claim = ClaimCode.Create();
        await services.GetRequiredService<IStorage>().Gateways.SaveAsync(new GatewayRecord { Id = Gateway, Home = Home, ClaimDigest = ClaimCode.Digest(claim), ClaimUntil = DateTimeOffset.UtcNow.AddHours(1) });
        await services.GetRequiredService<HomeRecords>().SaveAsync(new HomeRecord
        {
            Id = Home, Name = "Ann's home", Gateway = Gateway,
            CameraRules = new Dictionary<string, Signaling.Access.CameraRule> { ["cam-front"] = Signaling.Access.CameraRule.OnAlarm, ["cam-hall"] = Signaling.Access.CameraRule.OnAlarm },
            Contacts = [new HomeContact("Ann", "phone", "+1 555 0100", "marigold"), new HomeContact("Neighbour Ned", "phone", "+1 555 0101")],
        });
        PortalUsers users = services.GetRequiredService<PortalUsers>();
        await Task.WhenAll(settings.Users.Select(u => Task.Run(() => users.CreateAsync(u.Id, u.Name, u.Role, u.Home, u.Password))));
        return claim;
    }

    /// <summary>Waits until the gateway is connected and has told its cameras; false after <paramref name="patience"/>.</summary>
    public static async Task<bool> IsReadyAsync(IServiceProvider services, TimeSpan patience)
    {
        HomeRecords homes = services.GetRequiredService<HomeRecords>();
        GatewayLinks links = services.GetRequiredService<GatewayLinks>();
        using var limit = new CancellationTokenSource(patience);
        while (!limit.IsCancellationRequested)
        {
            if (links.Presence(Gateway) == Signaling.Gateways.PresenceState.Connected && homes.Find(Home)?.Devices.Any(d => d.Type == "camera") == true)
                return true;
            await Task.Delay(50);
        }

        return false;
    }

    private static SubscriberPrefix Range(string text) => SubscriberPrefix.TryParse(text, out SubscriberPrefix range) ? range : throw new FormatException(text);

    private IEnumerable<string> Relays() => [$"--Signaling:Relays={settings.Turn},turn:{settings.Listen}:{settings.TurnPort}?transport=tcp"];

    private sealed class Network(CmtsHost cmts, PolicyServerHost policy, IPEndPoint cmtsAddress, IPEndPoint policyAddress, SubscriberPrefix allowed) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            cmts.Start(cmtsAddress, [allowed], trafficShare: 0.4);
            policy.Start(policyAddress, [allowed]);
            return Task.CompletedTask;
        }

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            await policy.DisposeAsync();
            await cmts.DisposeAsync();
        }
    }
}
