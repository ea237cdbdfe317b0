using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>Bandwidth on demand and gates for the operator, the station's view of a home, and the second factor that staff must have.</summary>
public sealed class OperatorApiTests(PortalNode node) : IClassFixture<PortalNode>
{
    [Fact]
    public async Task Bandwidth_on_demand_is_asked_for_shown_audited_and_ended()
    {
        await using var home = new HomeStandIn(node, "gw-1");
        using HttpClient max = await node.BrowserAsync("mso");
        HttpResponseMessage asked = await max.PostAsJsonAsync("/api/operator/bandwidth", new { home = "h1", upKilobits = 2000, downKilobits = 0, minutes = 15, reason = "film night" });
        Assert.Equal(HttpStatusCode.Created, asked.StatusCode);
        string id = (await PortalNode.JsonOf(asked)).GetProperty("id").GetString()!;
        BandwidthDemand demand = Assert.Single(node.Network.Asked, d => d.Id == id);
        Assert.Equal(("203.0.113.7", 2_000_000u, 0u, TimeSpan.FromMinutes(15)), (demand.Address, demand.UpBitsPerSecond, demand.DownBitsPerSecond, demand.Lasts));
        node.Network.Tell(id, GrantState.Committed, "The gate is committed.");
        Assert.Equal("committed", (await DemandAsync(max, id)).GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await max.DeleteAsync($"/api/operator/bandwidth/{id}")).StatusCode);
        Assert.Contains(id, node.Network.Released);
        Assert.Equal("Max ended it.", (await DemandAsync(max, id)).GetProperty("words").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await max.DeleteAsync($"/api/operator/bandwidth/{id}")).StatusCode);
        JsonElement records = (await max.GetFromJsonAsync<JsonElement>("/api/operator/audit?home=h1")).GetProperty("records");
        Assert.Contains(records.EnumerateArray(), r => r.GetProperty("action").GetString() == "RequestBandwidth" && r.GetProperty("detail").GetString() == "Bandwidth on demand: 2000 kbit/s up, 0 kbit/s down for 15 min. film night");
    }

    [Theory]
    [InlineData("h1", 0, 0, 15, "why", HttpStatusCode.BadRequest)]
    [InlineData("h1", -1, 5, 15, "why", HttpStatusCode.BadRequest)]
    [InlineData("h1", 2_000_000, 0, 15, "why", HttpStatusCode.BadRequest)]
    [InlineData("h1", 1000, 0, 0, "why", HttpStatusCode.BadRequest)]
    [InlineData("h1", 1000, 0, 1441, "why", HttpStatusCode.BadRequest)]
    [InlineData("h1", 1000, 0, 15, " ", HttpStatusCode.BadRequest)]
    [InlineData("nowhere", 1000, 0, 15, "why", HttpStatusCode.NotFound)]
    public async Task A_demand_that_makes_no_sense_asks_the_network_for_nothing(string home, int up, int down, int minutes, string reason, HttpStatusCode status)
    {
        using HttpClient max = await node.BrowserAsync("mso");
        int before = node.Network.Asked.Count;
        Assert.Equal(status, (await max.PostAsJsonAsync("/api/operator/bandwidth", new { home, upKilobits = up, downKilobits = down, minutes, reason })).StatusCode);
        Assert.Equal(before, node.Network.Asked.Count);
    }

    [Fact]
    public async Task Gates_are_shown_with_their_sessions()
    {
        using HttpClient max = await node.BrowserAsync("mso");
        JsonElement gates = await max.GetFromJsonAsync<JsonElement>("/api/operator/gates");
        Assert.Equal("s-1", gates.GetProperty("gates")[0].GetProperty("session").GetString());
        using HttpClient ann = await node.BrowserAsync("ann");
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync("/api/operator/gates")).StatusCode);
    }

    [Fact]
    public async Task A_station_sees_the_state_of_the_home_with_the_alarm_and_not_after_it()
    {
        await using var home = new HomeStandIn(node, "gw-1");
        using HttpClient olga = await node.BrowserAsync("olga");
        await node.HappensAsync(SmaEventKinds.AlarmRaised, "130", 3);
        string id = (await PortalNode.UntilAsync(olga, "/api/incidents?state=open", q => q.GetProperty("incidents").GetArrayLength() > 0)).GetProperty("incidents")[0].GetProperty("id").GetString()!;
        JsonElement seen = await PortalNode.UntilAsync(olga, $"/api/incidents/{id}", i => i.TryGetProperty("state", out JsonElement s) && s.GetProperty("zones").GetArrayLength() == 2);
        Assert.Equal("connected", seen.GetProperty("state").GetProperty("gateway").GetProperty("state").GetString());
        await olga.PostAsJsonAsync($"/api/incidents/{id}/claim", new { });
        JsonElement closed = await PortalNode.JsonOf(await olga.PostAsJsonAsync($"/api/incidents/{id}/close", new { disposition = "falseAlarm" }));
        Assert.False(closed.TryGetProperty("state", out _));
    }

    [Theory]
    [InlineData("away", true)]
    [InlineData("stay", false)]
    [InlineData(null, false)]
    public async Task An_alarm_that_came_before_the_arming_still_counts_as_one_while_away(string? mode, bool whileAway)
    {
        using HttpClient olga = await node.BrowserAsync("olga");
        await node.HappensAsync(SmaEventKinds.AlarmRaised, "134", 3, mode: mode);
        string id = (await PortalNode.UntilAsync(olga, "/api/incidents?state=open", q => q.GetProperty("incidents").EnumerateArray().Any(i => i.GetProperty("code").GetString() == "134")))
            .GetProperty("incidents").EnumerateArray().First(i => i.GetProperty("code").GetString() == "134").GetProperty("id").GetString()!;
        Assert.Equal(whileAway, node.Get<HomeRecords>().FindIncident(id)!.WhileAway);
        await olga.PostAsJsonAsync($"/api/incidents/{id}/claim", new { });
        Assert.Equal(HttpStatusCode.OK, (await olga.PostAsJsonAsync($"/api/incidents/{id}/close", new { disposition = "falseAlarm" })).StatusCode);
    }

    [Fact]
    public async Task A_call_for_help_by_duress_code_stands_in_no_list_of_the_home_until_the_station_has_closed_it()
    {
        await node.HappensAsync(SmaEventKinds.AlarmRaised, "121");
        using HttpClient sue = await node.BrowserAsync("sue");
        JsonElement queue = await PortalNode.UntilAsync(sue, "/api/incidents?state=open&home=h1", q => q.GetProperty("incidents").EnumerateArray().Any(i => i.GetProperty("code").GetString() == "121"));
        string id = queue.GetProperty("incidents").EnumerateArray().First(i => i.GetProperty("code").GetString() == "121").GetProperty("id").GetString()!;
        using HttpClient ann = await node.BrowserAsync("ann");
        await node.Get<LookInLog>().SaveAsync(new LookInEntry { Session = "s-duress", Home = "h1", Actor = "Sue", Role = ActorRole.CentralStationSupervisor, Camera = "cam-1", Incident = id, Grant = "alarm", From = DateTimeOffset.UtcNow });
        Assert.DoesNotContain("s-duress", await ann.GetStringAsync("/api/homes/h1/look-ins") + await ann.GetStringAsync("/api/homes/h1"), StringComparison.Ordinal);
        Assert.DoesNotContain(id, await ann.GetStringAsync("/api/incidents"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await ann.GetAsync($"/api/incidents/{id}")).StatusCode);
        Assert.DoesNotContain("duress", await ann.GetStringAsync("/api/homes/h1/timeline"), StringComparison.OrdinalIgnoreCase);
        await sue.PostAsJsonAsync($"/api/incidents/{id}/claim", new { });
        await sue.PostAsJsonAsync($"/api/incidents/{id}/close", new { disposition = "dispatched" });
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync($"/api/incidents/{id}")).StatusCode);
        Assert.Contains("s-duress", await ann.GetStringAsync("/api/homes/h1/look-ins"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Staff_without_a_second_factor_can_enrol_one_and_nothing_else_where_it_is_required()
    {
        node.Get<SignalingOptions>().SecondFactor = SecondFactorRule.Staff;
        try
        {
            using HttpClient sue = await node.BrowserAsync("sue");
            HttpResponseMessage refused = await sue.GetAsync("/api/incidents");
            Assert.Equal("urn:mediarelay:problem:enrol-second-factor", (await PortalNode.JsonOf(refused)).GetProperty("type").GetString());
            JsonElement me = await sue.GetFromJsonAsync<JsonElement>("/api/me");
            Assert.True(me.GetProperty("secondFactor").GetProperty("required").GetBoolean());
            using HttpClient ann = await node.BrowserAsync("ann");
            Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/api/homes/h1")).StatusCode);
            string secret = (await PortalNode.JsonOf(await sue.PostAsJsonAsync("/api/second-factor/enrol", new { }))).GetProperty("secret").GetString()!;
            string code = Totp.Code(PortalTests.Base32(secret), Totp.Step(DateTimeOffset.UtcNow));
            Assert.Equal(HttpStatusCode.NoContent, (await sue.PostAsJsonAsync("/api/second-factor/confirm", new { code })).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await sue.GetAsync("/api/incidents")).StatusCode);
        }
        finally
        {
            node.Get<SignalingOptions>().SecondFactor = SecondFactorRule.Optional;
            PortalUsers users = node.Get<PortalUsers>();
            await users.SaveAsync(users.Find("sue")! with { SecondFactor = null });
        }
    }

    [Fact]
    public async Task Where_everybody_needs_a_second_factor_a_home_owner_without_one_may_arm_but_not_disarm()
    {
        node.Get<SignalingOptions>().SecondFactor = SecondFactorRule.Everybody;
        try
        {
            await using var home = new HomeStandIn(node, "gw-1");
            using HttpClient ann = await node.BrowserAsync("ann");
            Assert.Equal(HttpStatusCode.Accepted, (await ann.PostAsJsonAsync("/api/homes/h1/partitions/1/arm", new { mode = "night" })).StatusCode);
            HttpResponseMessage refused = await ann.PostAsJsonAsync("/api/homes/h1/partitions/1/disarm", new { });
            Assert.Equal("urn:mediarelay:problem:enrol-second-factor", (await PortalNode.JsonOf(refused)).GetProperty("type").GetString());
        }
        finally
        {
            node.Get<SignalingOptions>().SecondFactor = SecondFactorRule.Optional;
        }
    }

    private static async Task<JsonElement> DemandAsync(HttpClient client, string id) =>
        (await client.GetFromJsonAsync<JsonElement>("/api/operator/bandwidth")).GetProperty("demands").EnumerateArray().Single(d => d.GetProperty("id").GetString() == id);
}
