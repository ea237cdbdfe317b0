using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MediaRelay.IO.Tests.Qos;
using MediaRelay.IO.Tests.Signaling.Portal;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.Sessions;
using MediaRelay.Tests.Support;

namespace MediaRelay.IO.Tests.Signaling.Sessions;

/// <summary>
/// A right that is taken away in the middle of a look-in: the picture ends at once, the network gets its gates back, and viewer, home, owner and record
/// learn why. Time stands still in all of it, so nothing here waits for the check of each second.
/// </summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class RevokedRightTests : IAsyncLifetime
{
    private const string Ended = "The right to look in ended. ";
    private readonly ManualTime _time = new();
    private readonly RecordedGates _gates = new();
    private readonly PortalNode _node;
    private CameraStandIn _gateway = null!;

    public RevokedRightTests() => _node = new PortalNode { Time = _time, Gates = _gates };

    public async Task InitializeAsync()
    {
        await _node.InitializeAsync();
        _gateway = new CameraStandIn(_node.Get<GatewayLinks>(), _node.Get<IStorage>(), "gw-1", _time);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Theory]
    [InlineData("grant of a guest", Ended + "Refused for Gus (guest): no grant for it is open.")]
    [InlineData("grant of an operator", Ended + "Refused for Olga (central-station operator): no alarm of this home is open and no grant for it runs.")]
    [InlineData("camera of an operator", Ended + "Refused: the home owner never shows this camera to operators.")]
    [InlineData("alarm of an operator", Ended + "Refused for Olga (central-station operator): no alarm of this home is open and no grant for it runs.")]
    [InlineData("account of a guest", "The viewer was logged out.")]
    public async Task The_picture_ends_and_everybody_learns_why(string right, string words)
    {
        using HttpClient owner = await _node.BrowserAsync("ann");
        Func<Task> takeAway = await GiveAsync(right, owner);
        bool isGuest = right.EndsWith("guest", StringComparison.Ordinal), hasIncident = right is "camera of an operator" or "alarm of an operator";
        using HttpClient viewer = await _node.BrowserAsync(isGuest ? "gus" : "olga");
        HttpResponseMessage answer = await OfferAsync(viewer);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        string location = answer.Headers.Location!.ToString(), session = location.Split('/')[^1];
        using NoticeReader viewerHears = await NoticeReader.OpenAsync(viewer, location + "/events"), ownerHears = await NoticeReader.OpenAsync(owner, "/api/events");
        Assert.NotEqual("", await ownerHears.NextAsync("hello"));
        await _gateway.SayAsync(SmaEventKinds.MediaState, new MediaBody { Session = session, State = "connected", Path = "far=192.0.2.9:3478 near=10.0.0.2:5000 relayed=1 over=udp steps=secured:80" });
        await GateSteps.UntilAsync(() => Task.FromResult(_gates.Asked.Contains(session)), seconds: 10);
        _gates.Tell(session, GrantState.Committed, "2 gates are committed.");
        Assert.NotEqual("", await viewerHears.NextAsync("2 gates are committed."));

        await takeAway();

        Assert.NotEqual("", await viewerHears.NextAsync("\"type\":\"right-ended\"", $"\"words\":\"{words}\""));
        await viewerHears.EndAsync();
        Assert.Equal(TimeSpan.Zero, _time.Elapsed);
        Assert.Equal([session], _gates.Released);
        await GateSteps.UntilAsync(() => Task.FromResult(_gateway.Told.Contains($"media.end {session}") && _gateway.Told.Contains($"look-in.ended {session}")), seconds: 10);
        Assert.NotEqual("", await ownerHears.NextAsync(session, "\"state\":\"ended\""));
        JsonElement past = (await owner.GetFromJsonAsync<JsonElement>("/api/homes/h1/look-ins")).GetProperty("past")[0];
        Assert.Equal((session, words, "Released", "cam-1"), (Text(past, "session"), Text(past, "reason"), Text(past, "gate"), Text(past, "camera")));
        Assert.Equal(_time.GetUtcNow(), past.GetProperty("to").GetDateTimeOffset());
        if (hasIncident)
        {
            string[] entries = await IncidentAsync();
            Assert.Contains("gate: 2 gates are committed.", entries);
            Assert.Contains($"lookIn: The look-in of Olga ended after 0 s: {words}", entries);
        }

        Assert.Equal(right == "account of a guest" ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden, (await OfferAsync(viewer)).StatusCode);
    }

    [Fact]
    public async Task Other_look_ins_into_the_same_home_go_on()
    {
        using HttpClient owner = await _node.BrowserAsync("ann");
        Func<Task> takeAway = await GiveAsync("grant of a guest", owner);
        using HttpClient guest = await _node.BrowserAsync("gus");
        string own = (await OfferAsync(owner)).Headers.Location!.ToString(), other = (await OfferAsync(guest)).Headers.Location!.ToString();
        using NoticeReader guestHears = await NoticeReader.OpenAsync(guest, other + "/events");
        await takeAway();
        Assert.NotEqual("", await guestHears.NextAsync("right-ended"));
        JsonElement look = await owner.GetFromJsonAsync<JsonElement>("/api/homes/h1/look-ins");
        Assert.EndsWith(Text(Assert.Single(look.GetProperty("active").EnumerateArray()), "session")!, own, StringComparison.Ordinal);
    }

    /// <summary>Gives the right; what comes back takes it away.</summary>
    private async Task<Func<Task>> GiveAsync(string right, HttpClient owner)
    {
        switch (right)
        {
            case "camera of an operator" or "alarm of an operator":
                await DoneAsync(owner.PutAsJsonAsync("/api/homes/h1/cameras/cam-1", new { rule = "onAlarm" }));
                await _node.HappensAsync(SmaEventKinds.AlarmRaised, "130", 3);
                await GateSteps.UntilAsync(async () => (await IncidentAsync()).Length > 0, seconds: 10);
                return right == "camera of an operator"
                    ? () => DoneAsync(owner.PutAsJsonAsync("/api/homes/h1/cameras/cam-1", new { rule = "never" }))
                    : () => _node.HappensAsync(SmaEventKinds.AlarmCancelled, "406", 3);
            case "grant of an operator":
                return await GrantAsync(owner, "olga");
            default:
                await DoneAsync(owner.PostAsJsonAsync("/api/homes/h1/users", new { id = "gus", name = "Gus", role = "guest", password = PortalNode.Password }));
                Func<Task> end = await GrantAsync(owner, "gus");
                return right == "grant of a guest" ? end : () => DoneAsync(owner.DeleteAsync(new Uri("/api/homes/h1/users/gus", UriKind.Relative)));
        }
    }

    private async Task<Func<Task>> GrantAsync(HttpClient owner, string subject)
    {
        JsonElement grant = await DoneAsync(owner.PostAsJsonAsync("/api/homes/h1/grants", new { subject, actions = (string[])["viewState", "lookIn"], until = _time.GetUtcNow().AddHours(1), reason = "feeds the cat" }));
        return () => DoneAsync(owner.DeleteAsync(new Uri($"/api/homes/h1/grants/{Text(grant, "id")}", UriKind.Relative)));
    }

    private async Task<string[]> IncidentAsync()
    {
        using HttpClient olga = await _node.BrowserAsync("olga");
        JsonElement[] open = [.. (await olga.GetFromJsonAsync<JsonElement>("/api/incidents?home=h1")).GetProperty("incidents").EnumerateArray()];
        if (open.Length == 0)
            return [];
        JsonElement incident = (await olga.GetFromJsonAsync<JsonElement>($"/api/incidents/{Text(open[0], "id")}")).GetProperty("incident");
        return [.. incident.GetProperty("entries").EnumerateArray().Select(e => $"{Text(e, "kind")}: {Text(e, "text")}")];
    }

    private static Task<HttpResponseMessage> OfferAsync(HttpClient viewer) =>
        viewer.PostAsync("/whep/h1/cam-1", new StringContent(CameraStandIn.Offer, Encoding.UTF8, new MediaTypeHeaderValue("application/sdp")));

    private static async Task<JsonElement> DoneAsync(Task<HttpResponseMessage> asked)
    {
        HttpResponseMessage answer = await asked;
        string body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode} {body}");
        return body.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(body);
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
