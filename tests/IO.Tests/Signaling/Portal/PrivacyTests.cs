using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MediaRelay.IO.Tests.Qos;
using MediaRelay.IO.Tests.Signaling.Sessions;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.Incidents;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Tests.Support;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>What others get to see and hear of a home: stills, clips, speech, records; each under the owner's rules and in the owner's log.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class PrivacyTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly PortalNode _node;
    private CameraStandIn _gateway = null!;

    public PrivacyTests() => _node = new PortalNode { Time = _time };

    public async Task InitializeAsync()
    {
        await _node.InitializeAsync();
        _gateway = new CameraStandIn(_node.Get<GatewayLinks>(), _node.Get<IStorage>(), "gw-1", _time) { Clips = _node.Clips };
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Every_still_is_a_look_in_for_the_audit_and_one_entry_of_the_owner_s_log()
    {
        using HttpClient ann = await _node.BrowserAsync("ann"), olga = await _node.BrowserAsync("olga");
        Assert.Equal(HttpStatusCode.Forbidden, (await olga.GetAsync(Still)).StatusCode);
        await AlarmAsync(ann, "onAlarm");
        for (int i = 0; i < 3; i++)
        {
            HttpResponseMessage still = await olga.GetAsync(Still);
            Assert.True(still.IsSuccessStatusCode, await still.Content.ReadAsStringAsync());
            _time.Advance(TimeSpan.FromSeconds(45));
        }

        Assert.Equal([("allowed", 3), ("refused", 1)], Lines("olga", "LookIn").GroupBy(r => r.Result).Select(g => (g.Key, g.Count())).Order());
        JsonElement entry = Assert.Single((await ann.GetFromJsonAsync<JsonElement>("/api/homes/h1/look-ins")).GetProperty("past").EnumerateArray());
        Assert.Equal(("Olga", "cam-1", "alarm", "Still pictures only."), (Text(entry, "actor"), Text(entry, "camera"), Text(entry, "grant"), Text(entry, "reason")));
        Assert.Equal(TimeSpan.FromSeconds(90), entry.GetProperty("to").GetDateTimeOffset() - entry.GetProperty("from").GetDateTimeOffset());
        Assert.StartsWith("inc-", Text(entry, "incident"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_old_still_of_a_gateway_out_of_reach_leaves_the_same_trace()
    {
        using HttpClient ann = await _node.BrowserAsync("ann");
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync(Still)).StatusCode);
        _time.Advance(TimeSpan.FromMinutes(10));
        var changes = new List<PresenceChange>();
        foreach (int minutes in (int[])[20, 30])
            _node.Get<GatewayLinks>().Link("gw-1").HandleDeadline(TimeSpan.FromMinutes(minutes), isJudged: true, changes);
        Assert.NotEqual(PresenceState.Connected, _node.Get<GatewayLinks>().Presence("gw-1"));
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync(Still)).StatusCode);
        Assert.Equal(2, Lines("ann", "LookIn").Count);
        Assert.Equal(2, (await ann.GetFromJsonAsync<JsonElement>("/api/homes/h1/look-ins")).GetProperty("past").GetArrayLength());
    }

    [Theory]
    [InlineData("GET", Still)]
    [InlineData("GET", "/api/homes/h1/clips")]
    [InlineData("GET", "/api/clips/gw-1/old")]
    [InlineData("POST", "/api/homes/h1/cameras/cam-1/clips")]
    public async Task Pictures_need_the_second_factor_as_looking_in_does(string method, string path)
    {
        await _gateway.StoreAsync("old", "cam-1", "video/mp4");
        using HttpClient ann = await _node.BrowserAsync("ann");
        byte[] secret = PortalTests.Base32((await PortalNode.JsonOf(await ann.PostAsJsonAsync("/api/second-factor/enrol", new { }))).GetProperty("secret").GetString()!);
        await ann.PostAsJsonAsync("/api/second-factor/confirm", new { code = Totp.Code(secret, Totp.Step(_time.GetUtcNow())) });
        Assert.True((await SendAsync()).IsSuccessStatusCode);
        _time.Advance(TimeSpan.FromMinutes(6));
        HttpResponseMessage refused = await SendAsync();
        Assert.Equal((HttpStatusCode.Forbidden, "urn:mediarelay:problem:second-factor"), (refused.StatusCode, Text(await PortalNode.JsonOf(refused), "type")));

        Task<HttpResponseMessage> SendAsync() => method == "GET" ? ann.GetAsync(path) : ann.PostAsJsonAsync(path, new { seconds = 5 });
    }

    [Theory]
    [InlineData("never", false)]
    [InlineData("onAlarmWhenAway", false)]
    [InlineData("onAlarm", true)]
    public async Task The_rule_of_a_camera_holds_for_its_clips_too(string rule, bool allowed)
    {
        await _node.Get<HomeKeeper>().ChangeHomeAsync("h1", home => home with { Devices = [.. home.Devices, new("cam-2", "camera", "garden", "test", null, null)], CameraRules = new Dictionary<string, CameraRule> { ["cam-2"] = CameraRule.OnAlarm } });
        await _gateway.StoreAsync("inside", "cam-1", "video/mp4");
        await _gateway.StoreAsync("garden", "cam-2", "video/mp4");
        using HttpClient ann = await _node.BrowserAsync("ann"), olga = await _node.BrowserAsync("olga");
        await AlarmAsync(ann, rule);
        HttpStatusCode expected = allowed ? HttpStatusCode.OK : HttpStatusCode.Forbidden;
        Assert.Equal((expected, HttpStatusCode.OK), ((await olga.GetAsync("/api/clips/gw-1/inside")).StatusCode, (await olga.GetAsync("/api/clips/gw-1/garden")).StatusCode));
        Assert.Equal(allowed ? ["garden", "inside"] : ["garden"], await ClipsAsync(olga));
        Assert.Equal(["garden", "inside"], await ClipsAsync(ann));
        Assert.Equal(allowed ? HttpStatusCode.Accepted : HttpStatusCode.Forbidden, (await olga.PostAsJsonAsync("/api/homes/h1/cameras/cam-1/clips", new { seconds = 5 })).StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, (await olga.PostAsJsonAsync("/api/homes/h1/cameras/cam-2/clips", new { seconds = 5 })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await olga.GetAsync("/api/clips/gw-1/unknown")).StatusCode);
    }

    [Theory]
    [InlineData("lookIn", "recvonly")]
    [InlineData("lookIn talk", "sendrecv")]
    public async Task The_home_is_told_to_play_the_viewer_s_voice_only_with_the_right_to_speak(string rights, string direction)
    {
        using HttpClient ann = await _node.BrowserAsync("ann");
        string grant = await GuestAsync(ann, "gus", rights.Split(' '));
        using HttpClient gus = await _node.BrowserAsync("gus");
        HttpResponseMessage answer = await OfferAsync(gus);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        string[] told = Assert.Single(_gateway.Offers).Split("\r\n");
        Assert.Equal([$"a={direction}"], told.Where(l => l is "a=sendrecv" or "a=sendonly" or "a=recvonly" or "a=inactive").Skip(1));
        bool mayTalk = direction == "sendrecv";
        Assert.Equal(mayTalk, Assert.Single(Lines("gus", "LookIn")).Detail.EndsWith("with a way to speak.", StringComparison.Ordinal));
        HttpResponseMessage talk = await gus.PostAsJsonAsync(answer.Headers.Location + "/talk", new { state = "on" });
        Assert.Equal(mayTalk ? HttpStatusCode.NoContent : HttpStatusCode.Forbidden, talk.StatusCode);
        Assert.Equal(mayTalk ? "allowed" : "refused", Assert.Single(Lines("gus", "Talk")).Result);
        Assert.NotEmpty(grant);
    }

    [Fact]
    public async Task When_the_right_to_speak_ends_a_look_in_that_may_speak_ends_and_one_that_may_not_goes_on()
    {
        using HttpClient ann = await _node.BrowserAsync("ann");
        await GuestAsync(ann, "gus", ["lookIn"]);
        using HttpClient gus = await _node.BrowserAsync("gus");
        string silent = (await OfferAsync(gus)).Headers.Location!.ToString();
        string talk = await GrantAsync(ann, "gus", ["talk"]);
        string speaking = (await OfferAsync(gus)).Headers.Location!.ToString();
        using NoticeReader hears = await NoticeReader.OpenAsync(gus, speaking + "/events"), silentHears = await NoticeReader.OpenAsync(gus, silent + "/events");
        Assert.NotEqual("", await silentHears.NextAsync("hello"));
        await ann.DeleteAsync(new Uri($"/api/homes/h1/grants/{talk}", UriKind.Relative));
        Assert.NotEqual("", await hears.NextAsync("\"type\":\"right-ended\"", "The right to speak ended."));
        // The viewer hears of the end before the owner's log has it.
        JsonElement[] active = [];
        await GateSteps.UntilAsync(async () => (active = [.. (await ann.GetFromJsonAsync<JsonElement>("/api/homes/h1/look-ins")).GetProperty("active").EnumerateArray()]).Length < 2, seconds: 10);
        Assert.EndsWith(Text(Assert.Single(active), "session")!, silent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Grants_go_with_the_account_and_a_new_one_of_that_name_has_none()
    {
        using HttpClient ann = await _node.BrowserAsync("ann"), bob = await _node.BrowserAsync("bob");
        await GuestAsync(ann, "gus", ["viewState"]);
        Assert.Equal(HttpStatusCode.NoContent, (await ann.DeleteAsync(new Uri("/api/homes/h1/users/gus", UriKind.Relative))).StatusCode);
        Assert.Equal("[]", await ann.GetStringAsync("/api/homes/h1/grants"));
        // One that was left behind, e.g. by an older release, does not come back either.
        await _node.Get<HomeRecords>().SaveAsync(new AccessGrant("g-left", "h1", "gus", [HomeAction.ViewState], _time.GetUtcNow(), _time.GetUtcNow().AddDays(1), "Ann", "dog"));
        await _node.Get<HomeRecords>().SaveAsync(new HomeRecord { Id = "h2", Name = "Bob's home", Gateway = "gw-2" });
        Assert.Equal(HttpStatusCode.Created, (await bob.PostAsJsonAsync("/api/homes/h2/users", new { id = "gus", name = "Eve", role = "guest", password = PortalNode.Password })).StatusCode);
        Assert.Empty(_node.Get<HomeRecords>().Grants("h1"));
        Assert.Equal(HttpStatusCode.NotFound, (await ann.PostAsJsonAsync("/api/homes/h1/grants", new { subject = "gus", actions = (string[])["viewState"], until = _time.GetUtcNow().AddHours(1), reason = "dog" })).StatusCode);
    }

    [Fact]
    public async Task Whom_to_call_and_the_cameras_are_for_the_station_until_the_alarm_is_closed()
    {
        using HttpClient ann = await _node.BrowserAsync("ann"), olga = await _node.BrowserAsync("olga");
        await ann.PutAsJsonAsync("/api/homes/h1/alerts", new { contacts = (object[])[new { name = "Carl", channel = "phone", address = "+100", passPhrase = "blue heron" }] });
        string path = $"/api/incidents/{await AlarmAsync(ann, "onAlarm")}";
        Assert.Contains("blue heron", await olga.GetStringAsync(path), StringComparison.Ordinal);
        await olga.PostAsJsonAsync(path + "/claim", new { });
        JsonElement closed = await PortalNode.JsonOf(await olga.PostAsJsonAsync(path + "/close", new { disposition = "dispatched" }));
        foreach (JsonElement seen in (JsonElement[])[closed, await olga.GetFromJsonAsync<JsonElement>(path)])
            Assert.Equal((false, false), (seen.TryGetProperty("callList", out _), seen.TryGetProperty("cameras", out _)));
        Assert.Contains("blue heron", await ann.GetStringAsync(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_staff_read_is_in_the_audit_once_a_minute_and_what_people_read_of_their_own_home_is_not()
    {
        using HttpClient ann = await _node.BrowserAsync("ann"), olga = await _node.BrowserAsync("olga"), max = await _node.BrowserAsync("mso");
        string id = await AlarmAsync(ann, "onAlarm");
        foreach (string path in (string[])["/api/homes/h1", "/api/homes/h1/timeline", $"/api/incidents/{id}", $"/api/incidents/{id}/export", "/api/homes/h1/clips"])
        {
            Assert.Equal(HttpStatusCode.OK, (await olga.GetAsync(path)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await olga.GetAsync(path)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync(path)).StatusCode);
        }

        foreach (string path in (string[])["gateways", "sessions", "journal", "audit", "homes", "bandwidth", "gates"])
            Assert.Equal(HttpStatusCode.OK, (await max.GetAsync($"/api/operator/{path}")).StatusCode);
        Assert.Equal(["ViewState", "ViewIncidents", "ViewIncidents", "ViewIncidents", "ViewClips"], Lines("olga", null).Where(r => r.Home == "h1").Select(r => r.Action));
        Assert.DoesNotContain(Lines("ann", null), r => r.Action.StartsWith("View", StringComparison.Ordinal));
        Assert.Equal(["OperateSystem", "OperateSystem", "OperateSystem", "ViewAudit", "OperateSystem", "OperateSystem", "OperateSystem"], Lines("mso", null).Where(r => r.Action != "Login").Select(r => r.Action));
        _time.Advance(TimeSpan.FromMinutes(1));
        await olga.GetAsync("/api/homes/h1");
        Assert.Equal(2, Lines("olga", "ViewState").Count);
    }

    private const string Still = "/api/homes/h1/cameras/cam-1/still";

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static Task<HttpResponseMessage> OfferAsync(HttpClient viewer) => viewer.PostAsync("/whep/h1/cam-1", new StringContent(
        CameraStandIn.Offer + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=rtcp-mux\r\na=sendrecv\r\n", Encoding.UTF8, new MediaTypeHeaderValue("application/sdp")));

    private static async Task<string[]> ClipsAsync(HttpClient client) =>
        [.. (await client.GetFromJsonAsync<JsonElement>("/api/homes/h1/clips")).GetProperty("clips").EnumerateArray().Select(c => Text(c, "id")!).Where(id => id is "garden" or "inside").Order()];

    /// <summary>A burglary with the home not armed; the incident's id.</summary>
    private async Task<string> AlarmAsync(HttpClient owner, string rule)
    {
        Assert.Equal(HttpStatusCode.OK, (await owner.PutAsJsonAsync("/api/homes/h1/cameras/cam-1", new { rule })).StatusCode);
        await _node.HappensAsync(SmaEventKinds.AlarmRaised, "130", 3);
        await GateSteps.UntilAsync(() => Task.FromResult(_node.Get<HomeRecords>().Incidents("h1", open: true).Count > 0), seconds: 10);
        return _node.Get<HomeRecords>().Incidents("h1", open: true)[0].Id;
    }

    private async Task<string> GuestAsync(HttpClient owner, string name, string[] actions)
    {
        Assert.Equal(HttpStatusCode.Created, (await owner.PostAsJsonAsync("/api/homes/h1/users", new { id = name, name = "Gus", role = "guest", password = PortalNode.Password })).StatusCode);
        return await GrantAsync(owner, name, actions);
    }

    private async Task<string> GrantAsync(HttpClient owner, string subject, string[] actions)
    {
        HttpResponseMessage granted = await owner.PostAsJsonAsync("/api/homes/h1/grants", new { subject, actions, until = _time.GetUtcNow().AddHours(1), reason = "visit" });
        Assert.True(granted.IsSuccessStatusCode, await granted.Content.ReadAsStringAsync());
        return Text(await PortalNode.JsonOf(granted), "id")!;
    }

    private IReadOnlyList<AuditRecord> Lines(string actor, string? action) => [.. _node.Get<IStorage>().Audit.Read(null, null, 200).Where(r => r.Actor == actor && (action is null || r.Action == action)).Reverse()];
}
