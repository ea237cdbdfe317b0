using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>What people do with a home through the API, answered by the real home core: leaving zones out, questions, codes, and who may.</summary>
public sealed class HomeApiTests(PortalNode node) : IClassFixture<PortalNode>
{
    [Fact]
    public async Task Arming_waits_for_the_word_of_the_home_when_asked_to_and_refusals_are_its_own()
    {
        await using var home = new HomeStandIn(node, "gw-1");
        using HttpClient ann = await Patient("ann");
        JsonElement armed = await PortalNode.JsonOf(await ann.PostAsJsonAsync("/api/homes/h1/partitions/1/arm", new { mode = "away" }));
        Assert.Equal("done", armed.GetProperty("outcome").GetString());
        HttpResponseMessage refused = await ann.PutAsJsonAsync("/api/homes/h1/zones/3/bypass", new { mode = "once" });
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Equal("Partition 1 is armed. Disarm it, then leave zone 3 (front door) out.", (await PortalNode.JsonOf(refused)).GetProperty("detail").GetString());
        Assert.Equal("done", (await PortalNode.JsonOf(await ann.PostAsJsonAsync("/api/homes/h1/partitions/1/disarm", new { }))).GetProperty("outcome").GetString());
        JsonElement lines = await PortalNode.UntilAsync(ann, "/api/homes/h1/timeline", t => t.GetProperty("entries").EnumerateArray().Any(e => e.GetProperty("text").GetString() == "Ann disarmed partition 1."));
        Assert.Contains(lines.GetProperty("entries").EnumerateArray(), e => e.GetProperty("text").GetString() == "Ann armed partition 1 away, without an exit delay.");
    }

    [Theory]
    [InlineData(3, "always", HttpStatusCode.OK)]
    [InlineData(3, "off", HttpStatusCode.OK)]
    [InlineData(4, "once", HttpStatusCode.Conflict)]
    [InlineData(9, "once", HttpStatusCode.NotFound)]
    [InlineData(3, "never", HttpStatusCode.BadRequest)]
    public async Task A_zone_is_left_out_in_words_that_the_home_understands(int zone, string mode, HttpStatusCode status)
    {
        await using var home = new HomeStandIn(node, "gw-1");
        using HttpClient ann = await Patient("ann");
        await PortalNode.UntilAsync(ann, "/api/homes/h1", h => h.GetProperty("zones").GetArrayLength() == 2);
        Assert.Equal(status, (await ann.PutAsJsonAsync($"/api/homes/h1/zones/{zone}/bypass", new { mode })).StatusCode);
        if (status == HttpStatusCode.OK)
        {
            JsonElement seen = await PortalNode.UntilAsync(ann, "/api/homes/h1", h => h.GetProperty("zones")[0].GetProperty("bypass").GetString() == mode);
            Assert.Equal(("delayed", 20), (seen.GetProperty("zones")[0].GetProperty("kind").GetString(), seen.GetProperty("zones")[0].GetProperty("entryDelay").GetInt32()));
        }
    }

    [Fact]
    public async Task What_if_is_answered_by_the_home_for_now_and_every_way_of_arming()
    {
        await using var home = new HomeStandIn(node, "gw-1");
        using HttpClient ann = await Patient("ann");
        JsonElement answer = await PortalNode.JsonOf(await ann.PostAsJsonAsync("/api/homes/h1/zones/3/what-if", new { }));
        Assert.StartsWith("Nothing: partition 1 is disarmed", answer.GetProperty("now").GetString(), StringComparison.Ordinal);
        foreach (string mode in (string[])["away", "stay", "night"])
            Assert.Equal($"Zone 3 (front door) opened while partition 1 is armed {mode}: 20 s to disarm, then an alarm.", answer.GetProperty(mode).GetString());
    }

    [Fact]
    public async Task A_keypad_code_is_listed_without_the_code_and_gone_when_the_home_has_deleted_it()
    {
        await using var home = new HomeStandIn(node, "gw-1");
        using HttpClient ann = await Patient("ann");
        HttpResponseMessage given = await ann.PostAsJsonAsync("/api/homes/h1/codes", new { name = "Cleaner", code = "471100" });
        Assert.Equal(HttpStatusCode.Created, given.StatusCode);
        string id = (await PortalNode.JsonOf(given)).GetProperty("id").GetString()!;
        HttpResponseMessage same = await ann.PostAsJsonAsync("/api/homes/h1/codes", new { name = "Thief", code = "471100" });
        Assert.Equal("Somebody else has this code already. Choose another.", (await PortalNode.JsonOf(same)).GetProperty("detail").GetString());
        string list = await ann.GetStringAsync("/api/homes/h1/codes");
        Assert.Contains("Cleaner", list, StringComparison.Ordinal);
        Assert.DoesNotContain("Thief", list, StringComparison.Ordinal);
        Assert.DoesNotContain("471100", string.Concat(node.Get<IStorage>().Documents.List("home", null, null, null, 10).Select(d => d.Json)) + list, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await ann.PostAsJsonAsync("/api/homes/h1/codes", new { name = "Short", code = "12" })).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await ann.DeleteAsync($"/api/homes/h1/codes/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await ann.DeleteAsync($"/api/homes/h1/codes/{id}")).StatusCode);
    }

    [Theory]
    [InlineData("PUT", "/api/homes/h1/zones/3/bypass", """{"mode":"once"}""")]
    [InlineData("POST", "/api/homes/h1/zones/3/what-if", "{}")]
    [InlineData("GET", "/api/homes/h1/codes", null)]
    [InlineData("POST", "/api/homes/h1/codes", """{"name":"x","code":"1234"}""")]
    [InlineData("DELETE", "/api/homes/h1/codes/any", null)]
    [InlineData("GET", "/api/operator/bandwidth", null)]
    [InlineData("POST", "/api/operator/bandwidth", """{"home":"h1","upKilobits":1000,"minutes":5,"reason":"x"}""")]
    public async Task Another_home_s_owner_and_a_station_without_an_alarm_are_refused(string method, string path, string? body)
    {
        foreach (string user in (string[])["bob", "olga"])
        {
            using HttpClient stranger = await node.BrowserAsync(user);
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
            Assert.Equal(HttpStatusCode.Forbidden, (await stranger.SendAsync(request)).StatusCode);
        }
    }

    [Theory]
    [InlineData("/api/homes/h1/devices/panel/properties/code-mine", "0000000000000000000000000000000000000000000000000000000000000000;;;normal;Gil")]
    [InlineData("/api/homes/h1/devices/door/properties/bypass", "always")]
    [InlineData("/api/homes/h1/devices/door/properties/zone-kind", "instant")]
    public async Task Who_may_steer_devices_does_not_reach_the_alarm_panel_that_way(string path, string value)
    {
        await using var home = new HomeStandIn(node, "gw-1");
        using HttpClient ann = await Patient("ann");
        await ann.PostAsJsonAsync("/api/homes/h1/users", new { id = "gil", name = "Gil", role = "guest", password = PortalNode.Password });
        await ann.PostAsJsonAsync("/api/homes/h1/grants", new { subject = "gil", actions = (string[])["viewState", "controlDevice"], until = DateTimeOffset.UtcNow.AddHours(1), reason = "visit" });
        using HttpClient gil = await Patient("gil");
        HttpResponseMessage refused = await gil.PutAsJsonAsync(path, new { value });
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal("Zones and keypad codes have requests of their own.", (await PortalNode.JsonOf(refused)).GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_guest_who_may_arm_may_not_leave_zones_out()
    {
        using HttpClient ann = await node.BrowserAsync("ann");
        await ann.PostAsJsonAsync("/api/homes/h1/users", new { id = "gina", name = "Gina", role = "guest", password = PortalNode.Password });
        await ann.PostAsJsonAsync("/api/homes/h1/grants", new { subject = "gina", actions = (string[])["viewState", "arm"], until = DateTimeOffset.UtcNow.AddHours(1), reason = "visit" });
        using HttpClient gina = await node.BrowserAsync("gina");
        Assert.Equal(HttpStatusCode.Forbidden, (await gina.PostAsJsonAsync("/api/homes/h1/partitions/1/arm", new { mode = "away", bypass = (int[])[3] })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await gina.PutAsJsonAsync("/api/homes/h1/zones/3/bypass", new { mode = "once" })).StatusCode);
    }

    private async Task<HttpClient> Patient(string user)
    {
        HttpClient client = await node.BrowserAsync(user);
        client.DefaultRequestHeaders.Add("Prefer", "wait=8");
        return client;
    }
}
