using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Tests.Support;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>Bearer tokens for players of other origins: made by a person, good for looking in alone, and ended in four ways.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class TokenTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly PortalNode _node;

    public TokenTests() => _node = new PortalNode { Time = _time };

    public Task InitializeAsync() => _node.InitializeAsync();

    public Task DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_token_looks_in_and_does_nothing_else_and_is_kept_nowhere()
    {
        using HttpClient ann = await _node.BrowserAsync("ann");
        JsonElement made = await MakeAsync(ann);
        string text = made.GetProperty("token").GetString()!;
        using HttpClient player = await PlayerAsync(text);
        HttpResponseMessage servers = await player.GetAsync("/whep/ice-servers");
        Assert.Equal((HttpStatusCode.OK, PortalNode.FriendlyOrigin), (servers.StatusCode, servers.Headers.GetValues("Access-Control-Allow-Origin").Single()));
        foreach (string path in (string[])["/api/me", "/api/homes/h1", "/api/session/tokens", "/api/homes/h1/cameras/cam-1/still"])
        {
            HttpResponseMessage refused = await player.GetAsync(path);
            Assert.Equal((path, "urn:mediarelay:problem:token-scope"), (path, (await PortalNode.JsonOf(refused)).GetProperty("type").GetString()));
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await player.PostAsJsonAsync("/api/session/tokens", new { label = "more" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await player.PostAsJsonAsync("/api/homes/h1/partitions/1/disarm", new { })).StatusCode);
        string list = await ann.GetStringAsync("/api/session/tokens");
        Assert.Contains("kitchen screen", list, StringComparison.Ordinal);
        Assert.DoesNotContain(text, list + string.Concat(_node.Get<IStorage>().Documents.List("token", null, null, null, 10).Select(d => d.Id + d.Json)), StringComparison.Ordinal);
        Assert.Contains(_node.Get<IStorage>().Audit.Read(null, null, 20), r => r is { Actor: "ann", Action: "MakeToken", Detail: "Make a player's token for kitchen screen." });
    }

    [Theory]
    [InlineData("taken back")]
    [InlineData("its end")]
    [InlineData("another password")]
    [InlineData("account removed")]
    [InlineData("account made again")]
    public async Task A_token_ends(string how)
    {
        PortalUsers users = _node.Get<PortalUsers>();
        using HttpClient ann = await _node.BrowserAsync("ann");
        JsonElement made = await MakeAsync(ann);
        using HttpClient player = await PlayerAsync(made.GetProperty("token").GetString()!);
        Assert.Equal(HttpStatusCode.OK, (await player.GetAsync("/whep/ice-servers")).StatusCode);
        switch (how)
        {
            case "taken back":
                Assert.Equal(HttpStatusCode.NoContent, (await ann.DeleteAsync($"/api/session/tokens/{made.GetProperty("id").GetString()}")).StatusCode);
                break;
            case "its end":
                _time.Advance(TimeSpan.FromDays(2));
                break;
            case "another password":
                await users.SetPasswordAsync(users.Find("ann")!, "another password");
                break;
            default:
                await users.RemoveAsync("ann");
                if (how == "account made again")
                    await users.CreateAsync("ann", "Ann", ActorRole.HomeOwner, "h1", PortalNode.Password);
                break;
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await player.GetAsync("/whep/ice-servers")).StatusCode);
        Assert.Empty(_node.Get<PortalTokens>().List("ann"));
    }

    [Fact]
    public async Task Making_one_needs_the_second_factor_and_nobody_takes_back_another_s()
    {
        using HttpClient ann = await _node.BrowserAsync("ann"), bob = await _node.BrowserAsync("bob");
        string id = (await MakeAsync(ann)).GetProperty("id").GetString()!;
        Assert.Equal(HttpStatusCode.NotFound, (await bob.DeleteAsync($"/api/session/tokens/{id}")).StatusCode);
        Assert.Single(_node.Get<PortalTokens>().List("ann"));
        byte[] secret = PortalTests.Base32((await PortalNode.JsonOf(await ann.PostAsJsonAsync("/api/second-factor/enrol", new { }))).GetProperty("secret").GetString()!);
        await ann.PostAsJsonAsync("/api/second-factor/confirm", new { code = Totp.Code(secret, Totp.Step(_time.GetUtcNow())) });
        await MakeAsync(ann);
        _time.Advance(TimeSpan.FromMinutes(6));
        HttpResponseMessage refused = await ann.PostAsJsonAsync("/api/session/tokens", new { label = "one more" });
        Assert.Equal("urn:mediarelay:problem:second-factor", (await PortalNode.JsonOf(refused)).GetProperty("type").GetString());
        Assert.Equal(HttpStatusCode.BadRequest, (await bob.PostAsJsonAsync("/api/session/tokens", new { label = "long", days = 91 })).StatusCode);
    }

    private static async Task<JsonElement> MakeAsync(HttpClient browser)
    {
        HttpResponseMessage made = await browser.PostAsJsonAsync("/api/session/tokens", new { label = "kitchen screen", days = 1 });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        return await PortalNode.JsonOf(made);
    }

    private async Task<HttpClient> PlayerAsync(string token)
    {
        HttpClient player = await _node.BrowserAsync(null);
        player.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        player.DefaultRequestHeaders.Add("Origin", PortalNode.FriendlyOrigin);
        return player;
    }
}
