using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MediaRelay.IO.Tests.Qos;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Hosting;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.IO.Tests.Signaling.Sessions;

/// <summary>A node as its configuration makes it, with the roles Qos and Signaling, an emulated access network behind it, and one time for all of them.</summary>
internal sealed class GateNode : IAsyncDisposable
{
    private static readonly SubscriberPrefix s_all = GateSteps.Prefix("0.0.0.0/0");
    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-gates").FullName;
    private readonly CmtsHost _cmts;
    private readonly PolicyServerHost _policy;
    private WebApplication _app = null!;

    private GateNode(CmtsSettings network)
    {
        _cmts = new CmtsHost(network with { Modems = [s_all] }, Time, NullLogger<CmtsHost>.Instance);
        _cmts.Start(new IPEndPoint(IPAddress.Loopback, 0), [s_all]);
        _policy = new PolicyServerHost(new PolicyServerSettings(new Psid(7), [(s_all, 0)]), [_cmts.LocalEndPoints[0]], new PolicyRules(), Time, NullLogger<PolicyServerHost>.Instance);
        _policy.Start(new IPEndPoint(IPAddress.Loopback, 0), [s_all]);
    }

    public ManualTime Time { get; } = new();

    /// <summary>The home's gateway.</summary>
    public CameraStandIn Gateway { get; private set; } = null!;

    /// <summary>The home owner's player.</summary>
    public HttpClient Player { get; private set; } = null!;

    /// <summary>What the network was asked for.</summary>
    public CmtsCounters Network => _cmts.Counters;

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    /// <param name="network">How the CMTS and its modems behave.</param>
    /// <param name="overrides">More of the command line.</param>
    public static async Task<GateNode> StartAsync(CmtsSettings network, params string[] overrides)
    {
        var node = new GateNode(network);
        await GateSteps.UntilAsync(async () => (await node._policy.SnapshotAsync()).Cmts[0], seconds: 10);
        var (configuration, faults) = ServerConfiguration.Load(null,
        [
            "--Node:MetricsListen=", $"--Node:DataFolder={node._folder}", "--Node:LogLevel=Critical", "--Signaling:GatewayListen=", "--Signaling:PortalListen=127.0.0.1:0",
            "--Signaling:Relays=turn:192.0.2.9:3478", "--Signaling:RelaySecret=0123456789abcdef",
            $"--Qos:PolicyServers={node._policy.LocalEndPoints[0]}", $"--Qos:JournalFile={Path.Combine(node._folder, "gates.journal")}", .. overrides,
        ]);
        Assert.Empty(faults);
        node._app = RoleHost.Build(configuration, builder => builder.Services.AddSingleton<TimeProvider>(node.Time));
        await node.FillAsync();
        return node;
    }

    /// <summary>Looks in; the answer comes when the node gives it.</summary>
    public async Task<(string Session, Task<HttpResponseMessage> Answer)> LookInAsync()
    {
        JsonElement servers = await Player.GetFromJsonAsync<JsonElement>("/whep/ice-servers");
        string session = servers.GetProperty("session").GetString()!;
        return (session, Player.PostAsync($"/whep/h1/cam-1?session={session}", new StringContent(CameraStandIn.Offer, Encoding.UTF8, new MediaTypeHeaderValue("application/sdp"))));
    }

    public async ValueTask DisposeAsync()
    {
        Player.Dispose();
        await Gateway.DisposeAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _policy.DisposeAsync();
        await _cmts.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task FillAsync()
    {
        await Get<IStorage>().Gateways.SaveAsync(new GatewayRecord { Id = "gw-1", Home = "h1" });
        await Get<HomeRecords>().SaveAsync(new HomeRecord { Id = "h1", Name = "Ann's home", Gateway = "gw-1", Devices = [new("cam-1", "camera", "hall", "test", null, null)] });
        await Get<PortalUsers>().CreateAsync("ann", "Ann", ActorRole.HomeOwner, "h1", "correct horse battery");
        await _app.StartAsync();
        await GateSteps.UntilAsync(() => Task.FromResult(Get<PolicyServerLink>().Counters.Synchronisations > 0), seconds: 10);
        Gateway = new CameraStandIn(Get<GatewayLinks>(), Get<IStorage>(), "gw-1", Time);
        var (token, _) = Get<PortalSessions>().Start(Get<PortalUsers>().Find("ann")!, isToken: true);
        Player = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true }) { BaseAddress = new Uri($"https://127.0.0.1:{Get<PortalServer>().Endpoint!.Port}") };
        Player.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }
}
