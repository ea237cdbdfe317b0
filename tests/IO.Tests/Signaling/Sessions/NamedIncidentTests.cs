using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MediaRelay.IO.Tests.Qos;
using MediaRelay.IO.Tests.Signaling.Portal;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Tests.Support;

namespace MediaRelay.IO.Tests.Signaling.Sessions;

/// <summary>A look-in may name the incident it belongs to; it counts only for its own home, while it is open, for who may see it.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class NamedIncidentTests : IAsyncLifetime
{
    private const string Refused = "The incident that was named is no open alarm of this home that you may see.";
    private readonly ManualTime _time = new();
    private readonly RecordedGates _gates = new();
    private readonly PortalNode _node;
    private CameraStandIn _gateway = null!;

    public NamedIncidentTests() => _node = new PortalNode { Time = _time, Gates = _gates };

    public async Task InitializeAsync()
    {
        await _node.InitializeAsync();
        _gateway = new CameraStandIn(_node.Get<GatewayLinks>(), _node.Get<IStorage>(), "gw-1", _time);
        await _node.Get<IStorage>().Gateways.SaveAsync(new GatewayRecord { Id = "gw-2", Home = "h2" });
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Theory]
    [InlineData("another home")]
    [InlineData("closed")]
    [InlineData("cancelled")]
    [InlineData("duress")]
    [InlineData("unknown")]
    public async Task An_incident_that_does_not_count_is_refused_in_one_sentence_and_leaves_no_trace(string which)
    {
        string id = which == "unknown" ? "inc-nowhere" : await OpenAsync(which == "another home" ? "gw-2" : "gw-1", which == "duress" ? "121" : "130");
        if (which == "cancelled")
        {
            await _node.HappensAsync(SmaEventKinds.AlarmCancelled, "406");
            await GateSteps.UntilAsync(() => Task.FromResult(_node.Get<HomeRecords>().FindIncident(id)!.Cancelled is not null), seconds: 10);
        }

        if (which == "closed")
            await CloseAsync(id);
        int before = _node.Get<HomeRecords>().FindIncident(id)?.Entries.Count ?? 0;
        using HttpClient ann = await _node.BrowserAsync("ann");
        HttpResponseMessage answer = await OfferAsync(ann, id);
        JsonElement problem = await PortalNode.JsonOf(answer);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, Refused), (answer.StatusCode, problem.GetProperty("detail").GetString()));
        Assert.Empty(_node.Get<LookInLog>().Active("h1"));
        Assert.Equal(before, _node.Get<HomeRecords>().FindIncident(id)?.Entries.Count ?? 0);
    }

    [Fact]
    public async Task A_guest_with_the_right_to_look_in_cannot_name_an_incident()
    {
        string id = await OpenAsync("gw-1", "130");
        await _node.Get<PortalUsers>().CreateAsync("gus", "Gus", ActorRole.Guest, "h1", PortalNode.Password);
        await _node.Get<HomeRecords>().SaveAsync(new AccessGrant("g-1", "h1", "gus", [HomeAction.LookIn], _time.GetUtcNow().AddHours(-1), _time.GetUtcNow().AddHours(1), "ann", "feeds the cat"));
        using HttpClient gus = await _node.BrowserAsync("gus");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await OfferAsync(gus, id)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await OfferAsync(gus, null)).StatusCode);
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(16, false)]
    public async Task The_owner_s_own_open_alarm_counts_and_gets_a_higher_class_while_its_window_lasts(int minutes, bool isAlarm)
    {
        string id = await OpenAsync("gw-1", "130");
        _time.Advance(TimeSpan.FromMinutes(minutes));
        _node.Get<GatewayLinks>().Link("gw-1").HandleRequest(_time.Elapsed, []);
        using HttpClient ann = await _node.BrowserAsync("ann");
        HttpResponseMessage answer = await OfferAsync(ann, id);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        string session = answer.Headers.Location!.ToString().Split('/')[^1];
        await _gateway.SayAsync(SmaEventKinds.MediaState, new MediaBody { Session = session, State = "connected", Path = "far=192.0.2.9:3478 near=10.0.0.2:5000 relayed=1 over=udp steps=secured:80" });
        await GateSteps.UntilAsync(() => Task.FromResult(!_gates.Demands.IsEmpty), seconds: 10);
        Assert.All(_gates.Demands, demand => Assert.Equal(isAlarm, demand.IsAlarm));
        Assert.Contains(_node.Get<HomeRecords>().FindIncident(id)!.Entries, e => e.Reference == session);
    }

    private async Task<string> OpenAsync(string gateway, string code)
    {
        DateTimeOffset now = _time.GetUtcNow();
        StoredEvent stored = await _node.Get<IStorage>().Events.AppendServerEventAsync(
            gateway, new SmaEvent { Id = "", Seq = 0, Time = now, Kind = SmaEventKinds.AlarmRaised, Code = code, Zone = 3, Partition = 1, Priority = EventPriority.Alarm }, now);
        string id = $"inc-{gateway}~{stored.Event.Id}";
        await GateSteps.UntilAsync(() => Task.FromResult(_node.Get<HomeRecords>().FindIncident(id) is not null), seconds: 10);
        return id;
    }

    private async Task CloseAsync(string id)
    {
        using HttpClient olga = await _node.BrowserAsync("olga");
        Assert.Equal(HttpStatusCode.OK, (await olga.PostAsJsonAsync($"/api/incidents/{id}/claim", new { })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await olga.PostAsJsonAsync($"/api/incidents/{id}/close", new { disposition = "falseAlarm" })).StatusCode);
    }

    private static Task<HttpResponseMessage> OfferAsync(HttpClient viewer, string? incident) => viewer.PostAsync(
        "/whep/h1/cam-1" + (incident is null ? "" : "?incident=" + Uri.EscapeDataString(incident)), new StringContent(CameraStandIn.Offer, Encoding.UTF8, new MediaTypeHeaderValue("application/sdp")));
}
