using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using MediaRelay.IO.Tests.Qos;
using MediaRelay.IO.Tests.Signaling.Sessions;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>A call for help by duress code and what the station does about it: no channel to the home tells of it before the station has closed it.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class SilentAlarmTests : IAsyncLifetime
{
    private readonly PortalNode _node = new();
    private CameraStandIn _gateway = null!;

    public async Task InitializeAsync()
    {
        await _node.InitializeAsync();
        _gateway = new CameraStandIn(_node.Get<GatewayLinks>(), _node.Get<IStorage>(), "gw-1", TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_tells_the_home_before_it_is_closed_and_everything_after()
    {
        using HttpClient ann = await _node.BrowserAsync("ann"), olga = await _node.BrowserAsync("olga");
        Assert.Equal(HttpStatusCode.OK, (await ann.PutAsJsonAsync("/api/homes/h1/cameras/cam-1", new { rule = "onAlarm" })).StatusCode);
        await _node.HappensAsync(SmaEventKinds.PartitionState, body: new PartitionBody { Id = 1, State = "armed", Mode = "away" });
        await PortalNode.UntilAsync(ann, "/api/homes/h1", h => h.GetProperty("partitions").GetArrayLength() == 1);
        using NoticeReader annHears = await NoticeReader.OpenAsync(ann, "/api/events"), olgaHears = await NoticeReader.OpenAsync(olga, "/api/events");
        await annHears.NextAsync("hello");
        await olgaHears.NextAsync("hello");

        await _node.HappensAsync(SmaEventKinds.AlarmRaised, "121", body: new TextBody("Alarm (duress): Ann typed the code that calls for help silently."));
        Assert.NotEqual("", await olgaHears.NextAsync("inc-gw-1~"));
        string id = _node.Get<HomeRecords>().Incidents("h1", open: true).Single().Id;
        Assert.Equal(HttpStatusCode.OK, (await olga.PostAsJsonAsync($"/api/incidents/{id}/claim", new { })).StatusCode);
        HttpResponseMessage looks = await olga.PostAsync("/whep/h1/cam-1", new StringContent(CameraStandIn.Offer, Encoding.UTF8, new MediaTypeHeaderValue("application/sdp")));
        Assert.True(looks.StatusCode == HttpStatusCode.Created, await looks.Content.ReadAsStringAsync());
        string location = looks.Headers.Location!.ToString(), session = location.Split('/')[^1];
        Assert.NotEqual("", await olgaHears.NextAsync(session, "active"));
        await _node.Get<ClipStore>().WriteAsync("gw-1", "clip-7", 0, 100, 100, true, new MemoryStream(new byte[100]), CancellationToken.None);
        await _gateway.SayAsync(SmaEventKinds.ClipStored, new ClipBody { Id = "clip-7", Camera = "cam-1", Type = "video/mp4", Size = 100 });
        Assert.Equal(HttpStatusCode.OK, (await olga.DeleteAsync(location)).StatusCode);
        // A look-in of the station that names no incident tells as much.
        await _node.Get<LookInLog>().SaveAsync(new LookInEntry { Session = "s-still", Home = "h1", Actor = "Olga", Role = ActorRole.CentralStationOperator, Camera = "cam-1", Grant = "alarm", From = DateTimeOffset.UtcNow, To = DateTimeOffset.UtcNow });
        await GateSteps.UntilAsync(() => Task.FromResult(_gateway.Told.Contains($"media.end {session}") && _node.Get<LookInLog>().Find(session)?.To is not null), seconds: 10);
        _node.Get<PortalFeed>().Publish("home", "h1", new { marker = "until here" });

        // What the gateway was told.
        Assert.DoesNotContain(_gateway.Told, said => said.StartsWith("look-in", StringComparison.Ordinal));
        // What an open page heard.
        string heard = await annHears.AllUntilAsync("until here");
        string[] telling = [id, session, "s-still", "lookIn", "incident", "olga", "Olga", "\"121\"", "duress"];
        Assert.DoesNotContain(telling, word => heard.Contains(word, StringComparison.Ordinal));
        // What any page shows.
        string shown = await EverythingAsync(ann, "/api/homes/h1", "/api/homes/h1/timeline?limit=200", "/api/homes/h1/look-ins", "/api/homes/h1/clips", "/api/incidents", "/api/operator/audit?home=h1", "/api/me");
        string[] onPages = [.. telling.Except(["lookIn", "incident"]), "media.", "clip-7", "\"grant\":\"alarm\"", "\"state\":\"alarm\""];
        Assert.DoesNotContain(onPages, word => shown.Contains(word, StringComparison.Ordinal));
        Assert.Contains("ConfigureHome", shown, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await ann.GetAsync($"/api/incidents/{id}")).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await olga.PostAsJsonAsync($"/api/incidents/{id}/close", new { disposition = "dispatched" })).StatusCode);
        Assert.NotEqual("", await annHears.NextAsync(id, "closed"));
        Assert.Contains("clip-7", await ann.GetStringAsync("/api/homes/h1/clips"), StringComparison.Ordinal);
        shown = await EverythingAsync(ann, "/api/homes/h1/timeline?limit=200", "/api/homes/h1/look-ins", "/api/operator/audit?home=h1", $"/api/incidents/{id}");
        string[] told = [session, "s-still", "olga", "media.", "clip-7", "WorkAlarm", "duress"];
        Assert.All(told, word => Assert.Contains(word, shown, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_call_for_help_never_joins_an_alarm_that_the_home_sees_nor_is_cancelled_with_it()
    {
        using HttpClient ann = await _node.BrowserAsync("ann");
        await _node.HappensAsync(SmaEventKinds.AlarmRaised, "130", 3);
        await _node.HappensAsync(SmaEventKinds.AlarmRaised, "121");
        await _node.HappensAsync(SmaEventKinds.AlarmCancelled, "406");
        await GateSteps.UntilAsync(() => Task.FromResult(_node.Get<HomeRecords>().Incidents("h1", open: true).Any(i => i.Cancelled is not null)), seconds: 10);
        Assert.Equal([("121", true), ("130", false)], _node.Get<HomeRecords>().Incidents("h1", open: true).OrderBy(i => i.Code).Select(i => (i.Code, i.OpensHome)));
        string incidents = await ann.GetStringAsync("/api/incidents");
        Assert.Contains("\"130\"", incidents, StringComparison.Ordinal);
        Assert.DoesNotContain("121", incidents, StringComparison.Ordinal);
    }

    private static async Task<string> EverythingAsync(HttpClient client, params string[] paths)
    {
        var all = new StringBuilder();
        foreach (string path in paths)
            all.Append(path).Append(": ").AppendLine(await client.GetStringAsync(path));
        return all.ToString();
    }
}
