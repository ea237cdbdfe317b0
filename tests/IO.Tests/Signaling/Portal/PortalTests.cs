using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>The portal's API as browsers and tools use it: login, forgery, rights, incidents, audit.</summary>
public sealed class PortalTests(PortalNode node) : IClassFixture<PortalNode>
{
    [Fact]
    public async Task Nobody_sees_anything_without_a_login()
    {
        using HttpClient stranger = await node.BrowserAsync(null);
        foreach (string path in (string[])["/api/me", "/api/homes/h1", "/api/incidents", "/api/operator/gateways", "/api/events"])
        {
            HttpResponseMessage answer = await stranger.GetAsync(path);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal("urn:mediarelay:problem:unauthorized", (await PortalNode.JsonOf(answer)).GetProperty("type").GetString());
        }
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_user_get_the_same_answer_and_then_have_to_wait()
    {
        using HttpClient stranger = await node.BrowserAsync(null);
        HttpResponseMessage wrong = await stranger.PostAsJsonAsync("/api/login", new { user = "mso", password = "no" });
        HttpResponseMessage unknown = await stranger.PostAsJsonAsync("/api/login", new { user = "nobody", password = "no" });
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        Assert.Equal(await wrong.Content.ReadAsStringAsync(), await unknown.Content.ReadAsStringAsync());
        for (var i = 0; i < 10; i++)
            wrong = await stranger.PostAsJsonAsync("/api/login", new { user = "guessed", password = "no" });
        wrong = await stranger.PostAsJsonAsync("/api/login", new { user = "guessed", password = "no" });
        Assert.Equal(HttpStatusCode.TooManyRequests, wrong.StatusCode);
        Assert.NotNull(wrong.Headers.RetryAfter);
    }

    [Fact]
    public async Task Pages_cannot_be_framed_sniffed_or_extended_and_the_cookie_is_the_browser_s_alone()
    {
        using HttpClient stranger = await node.BrowserAsync(null);
        HttpResponseMessage answer = await stranger.PostAsJsonAsync("/api/login", new { user = "ann", password = PortalNode.Password });
        Assert.Contains("frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(answer.Headers.Contains("Server"));
        string cookie = answer.Headers.GetValues("Set-Cookie").Single();
        Assert.StartsWith("__Host-mediarelay=", cookie, StringComparison.Ordinal);
        foreach (string flag in (string[])["secure", "httponly", "samesite=strict", "path=/"])
            Assert.Contains(flag, cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_change_needs_the_page_s_token_and_our_own_origin()
    {
        using HttpClient ann = await node.BrowserAsync("ann");
        ann.DefaultRequestHeaders.Remove(PortalGuard.CsrfHeader);
        HttpResponseMessage forged = await ann.PutAsJsonAsync("/api/homes/h1/cameras/cam-1", new { name = "garden" });
        Assert.Equal("urn:mediarelay:problem:forged-request", (await PortalNode.JsonOf(forged)).GetProperty("type").GetString());
        using HttpClient honest = await node.BrowserAsync("ann");
        using var foreign = new HttpRequestMessage(HttpMethod.Put, "/api/homes/h1/cameras/cam-1") { Content = JsonContent.Create(new { name = "garden" }) };
        foreign.Headers.Add("Origin", "https://evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, (await honest.SendAsync(foreign)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await honest.PutAsJsonAsync("/api/homes/h1/cameras/cam-1", new { name = "hall" })).StatusCode);
    }

    [Fact]
    public async Task A_home_owner_sees_the_own_home_with_the_age_of_values_and_no_other()
    {
        await node.HappensAsync(SmaEventKinds.PartitionState, body: new PartitionBody { Id = 1, State = "armed", Mode = "away" });
        using HttpClient ann = await node.BrowserAsync("ann");
        JsonElement home = await PortalNode.UntilAsync(ann, "/api/homes/h1", h => h.GetProperty("partitions").GetArrayLength() > 0);
        Assert.Equal("away", home.GetProperty("partitions")[0].GetProperty("mode").GetString());
        Assert.Equal("front door", home.GetProperty("zones")[0].GetProperty("name").GetString());
        Assert.Equal("onAlarmWhenAway", home.GetProperty("cameras")[0].GetProperty("rule").GetString());
        using HttpClient bob = await node.BrowserAsync("bob");
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.GetAsync("/api/homes/h1")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.PostAsJsonAsync("/api/homes/h1/partitions/1/disarm", new { })).StatusCode);
    }

    [Fact]
    public async Task An_alarm_is_one_incident_from_the_queue_to_its_close()
    {
        using HttpClient olga = await node.BrowserAsync("olga");
        Assert.Equal(HttpStatusCode.Forbidden, (await olga.GetAsync("/api/homes/h1")).StatusCode);
        await node.HappensAsync(SmaEventKinds.AlarmRaised, "130", 3);
        JsonElement queue = await PortalNode.UntilAsync(olga, "/api/incidents?state=open", q => q.GetProperty("incidents").GetArrayLength() > 0);
        JsonElement first = queue.GetProperty("incidents")[0];
        Assert.Equal("burglary, zone 3 (front door)", first.GetProperty("title").GetString());
        Assert.Equal("Ann's home", first.GetProperty("homeName").GetString());
        string path = $"/api/incidents/{first.GetProperty("id").GetString()}";
        Assert.Equal(HttpStatusCode.OK, (await olga.GetAsync("/api/homes/h1")).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await olga.PostAsJsonAsync(path + "/close", new { disposition = "falseAlarm" })).StatusCode);
        GatewayLink home = node.Get<GatewayLinks>().Link("gw-1");
        Assert.Equal(HttpStatusCode.OK, (await olga.PostAsJsonAsync(path + "/claim", new { })).StatusCode);
        // The home hears that an operator has its alarm.
        var told = new List<Instruction>();
        for (int i = 0; i < 500 && told.Count == 0; i++)
        {
            told.AddRange(home.Take(TimeSpan.FromDays(1 + i), 64).Where(one => one.Kind == InstructionKinds.EventHandled));
            await Task.Delay(10);
        }

        Assert.NotNull(node.Get<IStorage>().Events.Find("gw-1", Assert.Single(told).Cause!));
        Assert.Equal(HttpStatusCode.OK, (await olga.PostAsJsonAsync(path + "/note", new { text = "nobody answers" })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await olga.PostAsJsonAsync(path + "/note", new { text = "quiet\r\n2026-11-29 08:00:00.000Z  Status    Sue: closed\u2028\u202Eall well" })).StatusCode);
        JsonElement closed = await PortalNode.JsonOf(await olga.PostAsJsonAsync(path + "/close", new { disposition = "dispatched", note = "police" }));
        Assert.Equal("closed", closed.GetProperty("incident").GetProperty("state").GetString());
        string text = await olga.GetStringAsync(path + "/export?format=text");
        Assert.Contains("Olga: nobody answers", text, StringComparison.Ordinal);
        Assert.Contains("Olga: quiet / 2026-11-29 08:00:00.000Z  Status    Sue: closed / all well\n", text.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await olga.GetAsync("/api/homes/h1")).StatusCode);
        using HttpClient ann = await node.BrowserAsync("ann");
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync(path)).StatusCode);
        using HttpClient bob = await node.BrowserAsync("bob");
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.GetAsync(path)).StatusCode);
    }

    [Fact]
    public async Task A_second_factor_guards_disarm_and_each_code_works_once()
    {
        await node.Get<PortalUsers>().CreateAsync("carl", "Carl", ActorRole.HomeOwner, "h1", PortalNode.Password);
        using HttpClient carl = await node.BrowserAsync("carl");
        string secret = (await PortalNode.JsonOf(await carl.PostAsJsonAsync("/api/second-factor/enrol", new { }))).GetProperty("secret").GetString()!;
        string code = Totp.Code(Base32(secret), Totp.Step(DateTimeOffset.UtcNow));
        Assert.Equal(HttpStatusCode.NoContent, (await carl.PostAsJsonAsync("/api/second-factor/confirm", new { code })).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await carl.PostAsJsonAsync("/api/second-factor", new { code })).StatusCode);
        using HttpClient other = await node.BrowserAsync(null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await other.PostAsJsonAsync("/api/login", new { user = "carl", password = PortalNode.Password })).StatusCode);
    }

    [Fact]
    public async Task The_audit_shows_staff_and_refusals_and_its_chain_is_whole()
    {
        using HttpClient bob = await node.BrowserAsync("bob");
        await bob.PostAsJsonAsync("/api/homes/h1/partitions/1/disarm", new { });
        using HttpClient mso = await node.BrowserAsync("mso");
        JsonElement records = (await mso.GetFromJsonAsync<JsonElement>("/api/operator/audit?home=h1")).GetProperty("records");
        Assert.Contains(records.EnumerateArray(), r => r.GetProperty("actor").GetString() == "bob" && r.GetProperty("action").GetString() == "Disarm" && r.GetProperty("result").GetString() == "refused");
        Assert.False((await mso.GetFromJsonAsync<JsonElement>("/api/operator/audit/verify")).TryGetProperty("fault", out _));
        using HttpClient ann = await node.BrowserAsync("ann");
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync("/api/operator/audit")).StatusCode);
    }

    [Fact]
    public async Task An_instruction_for_a_gateway_out_of_reach_is_refused_at_once()
    {
        using HttpClient ann = await node.BrowserAsync("ann");
        HttpResponseMessage answer = await ann.PostAsJsonAsync("/api/homes/h1/partitions/1/arm", new { mode = "away" });
        Assert.Equal("urn:mediarelay:problem:gateway-offline", (await PortalNode.JsonOf(answer)).GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_bearer_token_needs_no_page_token_and_does_not_work_as_a_cookie()
    {
        var (token, _) = node.Get<PortalSessions>().Start(node.Get<PortalUsers>().Find("ann")!, isToken: true);
        using HttpClient tool = await node.BrowserAsync(null);
        tool.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        Assert.Equal(HttpStatusCode.OK, (await tool.PutAsJsonAsync("/api/homes/h1/cameras/cam-1", new { name = "hall" })).StatusCode);
        using HttpClient thief = await node.BrowserAsync(null);
        thief.DefaultRequestHeaders.Add("Cookie", $"{PortalGuard.Cookie}={token}");
        Assert.Equal(HttpStatusCode.Unauthorized, (await thief.GetAsync("/api/me")).StatusCode);
    }

    [Fact]
    public async Task The_API_describes_itself()
    {
        using HttpClient anyone = await node.BrowserAsync(null);
        JsonElement document = await anyone.GetFromJsonAsync<JsonElement>("/api/openapi/v1.json");
        JsonElement paths = document.GetProperty("paths");
        foreach (string path in (string[])["/api/login", "/api/incidents/{id}", "/api/homes/{home}/partitions/{number}/arm", "/api/operator/gateways",
            "/api/homes/{home}/zones/{number}/bypass", "/api/homes/{home}/zones/{number}/what-if", "/api/homes/{home}/codes", "/api/homes/{home}/connectivity", "/api/homes/{home}/codes/{id}", "/api/operator/gates", "/api/operator/bandwidth", "/api/operator/bandwidth/{id}"])
            Assert.True(paths.TryGetProperty(path, out _), $"{path} is not described.");
    }

    [Fact]
    public async Task The_description_names_exactly_what_is_served()
    {
        using HttpClient anyone = await node.BrowserAsync(null);
        JsonElement document = await anyone.GetFromJsonAsync<JsonElement>("/api/openapi/v1.json");
        // WHEP's OPTIONS and PATCH have no place in the generator's list of methods.
        string[] served = [.. node.Get<PortalServer>().Routes.Where(route => route.Method is "GET" or "POST" or "PUT" or "DELETE")
            .Where(route => route.Path.StartsWith("/api/", StringComparison.Ordinal) && !route.Path.StartsWith("/api/openapi", StringComparison.Ordinal))
            .Select(route => route.Method.ToLowerInvariant() + " " + System.Text.RegularExpressions.Regex.Replace(route.Path, ":[a-z]+}", "}")).Distinct().Order(StringComparer.Ordinal)];
        string[] described = [.. document.GetProperty("paths").EnumerateObject().Where(path => path.Name.StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(path => path.Value.EnumerateObject().Where(method => method.Name is "get" or "post" or "put" or "delete").Select(method => $"{method.Name} {path.Name}")).Order(StringComparer.Ordinal)];
        Assert.NotEmpty(served);
        Assert.Equal(served, described);
    }

    [Fact]
    public async Task The_description_says_how_to_log_in_and_which_headers_and_queries_are_read()
    {
        using HttpClient anyone = await node.BrowserAsync(null);
        JsonElement document = await anyone.GetFromJsonAsync<JsonElement>("/api/openapi/v1.json"), paths = document.GetProperty("paths");
        JsonElement schemes = document.GetProperty("components").GetProperty("securitySchemes");
        Assert.Equal((PortalGuard.Cookie, PortalGuard.CsrfHeader, "bearer"),
            (schemes.GetProperty("login").GetProperty("name").GetString(), schemes.GetProperty("page").GetProperty("name").GetString(), schemes.GetProperty("bearer").GetProperty("scheme").GetString()));
        Assert.Equal(["max-age query"], Parameters("/api/homes/{home}/cameras/{camera}/still", "get"));
        foreach (string path in (string[])["partitions/{number}/arm post", "partitions/{number}/disarm post", "devices/{device}/properties/{name} put", "cameras/{camera}/clips post", "zones/{number}/bypass put"])
            Assert.Equal(["Prefer header"], Parameters("/api/homes/{home}/" + path.Split(' ')[0], path.Split(' ')[1]));
        Assert.Equal(["login+page"], Security("/api/homes/{home}/partitions/{number}/arm", "post"));
        Assert.Equal(["login"], Security("/api/me", "get"));
        Assert.Equal(["login", "bearer"], Security("/whep/ice-servers", "get"));
        Assert.False(paths.GetProperty("/api/login").GetProperty("post").TryGetProperty("security", out _));

        string[] Parameters(string path, string method) => [.. paths.GetProperty(path).GetProperty(method).GetProperty("parameters").EnumerateArray()
            .Select(p => $"{p.GetProperty("name").GetString()} {p.GetProperty("in").GetString()}").Where(p => !p.EndsWith(" path", StringComparison.Ordinal))];
        string[] Security(string path, string method) => [.. paths.GetProperty(path).GetProperty(method).GetProperty("security").EnumerateArray().Select(r => string.Join('+', r.EnumerateObject().Select(o => o.Name)))];
    }

    [Fact]
    public async Task A_home_owner_decides_what_a_silent_gateway_becomes()
    {
        using HttpClient ann = await node.BrowserAsync("ann");
        HttpResponseMessage wrong = await ann.PutAsJsonAsync("/api/homes/h1/connectivity", new { lostAfterSeconds = 5 });
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Contains("LostAfter is 5 s. Choose 10 s to 1 day", await wrong.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await ann.PutAsJsonAsync("/api/homes/h1/connectivity", new { lostAfterSeconds = 120, onLost = "alarmWhenArmed" })).StatusCode);
        JsonElement rule = await ann.GetFromJsonAsync<JsonElement>("/api/homes/h1/connectivity");
        Assert.Equal((120, "alarmWhenArmed", "event"), (rule.GetProperty("lostAfterSeconds").GetDouble(), rule.GetProperty("onLost").GetString(), rule.GetProperty("onSuspect").GetString()));
        using HttpClient bob = await node.BrowserAsync("bob");
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.GetAsync("/api/homes/h1/connectivity")).StatusCode);
    }

    [Fact]
    public async Task Guests_come_and_go_with_their_grants()
    {
        using HttpClient ann = await node.BrowserAsync("ann");
        Assert.Equal(HttpStatusCode.Created, (await ann.PostAsJsonAsync("/api/homes/h1/users", new { id = "gus", name = "Gus", role = "guest", password = PortalNode.Password })).StatusCode);
        using HttpClient gus = await node.BrowserAsync("gus");
        Assert.Equal(HttpStatusCode.Forbidden, (await gus.GetAsync("/api/homes/h1")).StatusCode);
        HttpResponseMessage granted = await ann.PostAsJsonAsync("/api/homes/h1/grants", new { subject = "gus", actions = (string[])["viewState"], until = DateTimeOffset.UtcNow.AddHours(1), reason = "dog" });
        Assert.Equal(HttpStatusCode.Created, granted.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await gus.GetAsync("/api/homes/h1")).StatusCode);
        string id = (await PortalNode.JsonOf(granted)).GetProperty("id").GetString()!;
        Assert.Equal(HttpStatusCode.NoContent, (await ann.DeleteAsync($"/api/homes/h1/grants/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await gus.GetAsync("/api/homes/h1")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await ann.DeleteAsync("/api/homes/h1/users/gus")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gus.GetAsync("/api/me")).StatusCode);
    }

    [Fact]
    public async Task A_page_hears_of_changes_as_they_happen()
    {
        using HttpClient sue = await node.BrowserAsync("sue");
        using Stream stream = await sue.GetStreamAsync("/api/events");
        using var reader = new StreamReader(stream);
        Assert.Equal("event: hello", await reader.ReadLineAsync());
        await node.HappensAsync(SmaEventKinds.AlarmRaised, "111", 9);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await reader.ReadLineAsync(limit.Token) is { } line)
        {
            if (line == "event: incident")
                return;
        }

        Assert.Fail("The stream ended before the incident was told.");
    }

    internal static byte[] Base32(string text)
    {
        var bytes = new List<byte>();
        int bits = 0, value = 0;
        foreach (char c in text)
        {
            value = (value << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(c, StringComparison.Ordinal);
            bits += 5;
            if (bits >= 8)
            {
                bytes.Add((byte)(value >> (bits - 8)));
                bits -= 8;
            }
        }

        return [.. bytes];
    }
}
