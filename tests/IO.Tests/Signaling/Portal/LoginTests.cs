using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.IO.Tests.Signaling.Sessions;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Tests.Support;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>Logins: how they are tried, how they grow, and how they end with the account, the time and the person.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class LoginTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly PortalNode _node;

    public LoginTests() => _node = new PortalNode { Time = _time };

    public Task InitializeAsync() => _node.InitializeAsync();

    public Task DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Tries_at_the_same_time_are_counted_before_they_are_worked_on()
    {
        using HttpClient stranger = await _node.BrowserAsync(null);
        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => stranger.PostAsJsonAsync("/api/login", new { user = "ann", password = $"guess {i}" })));
        Assert.Equal(10, answers.Count(a => a.StatusCode == HttpStatusCode.Unauthorized));
        Assert.Equal(14, answers.Count(a => a.StatusCode == HttpStatusCode.TooManyRequests));
    }

    [Fact]
    public async Task A_one_time_code_works_once_also_in_another_login()
    {
        byte[] secret = await EnrolAsync("ann");
        string code = Code(secret);
        using HttpClient first = await _node.BrowserAsync(null), second = await _node.BrowserAsync(null);
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(first, "ann", code)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await LogInAsync(second, "ann", code)).StatusCode);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(second, "ann", Code(secret))).StatusCode);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_does_not_lock_the_person_out()
    {
        byte[] secret = await EnrolAsync("ann");
        using HttpClient browser = await _node.BrowserAsync(null);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(browser, "ann", Code(secret))).StatusCode);
        _time.WallClockStep = TimeSpan.FromMinutes(-58);
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(browser, "ann", Code(secret))).StatusCode);
    }

    [Fact]
    public async Task The_id_of_a_login_is_a_new_one_when_it_may_do_more_and_the_old_one_does_not_come_along()
    {
        byte[] secret = await EnrolAsync("ann");
        var jar = new CookieContainer();
        using HttpClient browser = Browser(jar);
        JsonElement login = await PortalNode.JsonOf(await LogInAsync(browser, "ann", Code(secret)));
        browser.DefaultRequestHeaders.Add(PortalGuard.CsrfHeader, login.GetProperty("csrf").GetString());
        string before = Cookie(jar);
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.False(await IsFreshAsync(browser));
        Assert.Equal(HttpStatusCode.NoContent, (await browser.PostAsJsonAsync("/api/second-factor", new { code = Code(secret) })).StatusCode);
        Assert.NotEqual(before, Cookie(jar));
        Assert.True(await IsFreshAsync(browser));
        var oldJar = new CookieContainer();
        oldJar.Add(_node.Address, new Cookie(PortalGuard.Cookie, before, "/") { Secure = true });
        using HttpClient old = Browser(oldJar);
        Assert.False(await IsFreshAsync(old));
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(HttpStatusCode.Unauthorized, (await old.GetAsync("/api/me")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/api/me")).StatusCode);
    }

    [Fact]
    public async Task Enrolling_a_second_factor_gives_a_new_id_too()
    {
        var jar = new CookieContainer();
        using HttpClient browser = Browser(jar);
        JsonElement login = await PortalNode.JsonOf(await LogInAsync(browser, "ann", null));
        browser.DefaultRequestHeaders.Add(PortalGuard.CsrfHeader, login.GetProperty("csrf").GetString());
        string before = Cookie(jar);
        await EnrolAsync(browser);
        Assert.NotEqual(before, Cookie(jar));
    }

    [Theory]
    [InlineData("password")]
    [InlineData("removed")]
    [InlineData("made again")]
    [InlineData("role")]
    [InlineData("ran out")]
    public async Task A_login_ends_when_its_account_is_not_the_same_any_more(string what)
    {
        PortalUsers users = _node.Get<PortalUsers>();
        await users.CreateAsync("gus", "Gus", ActorRole.Guest, "h1", PortalNode.Password, _time.GetUtcNow().AddHours(1));
        using HttpClient gus = await _node.BrowserAsync("gus");
        Assert.Equal(HttpStatusCode.OK, (await gus.GetAsync("/api/me")).StatusCode);
        PortalUser user = users.Find("gus")!;
        // As another process does it, e.g. the command line.
        await (what switch
        {
            "password" => users.SetPasswordAsync(user, "another password"),
            "removed" => users.RemoveAsync("gus"),
            "made again" => users.CreateAsync("gus", "Eve", ActorRole.Guest, "h1", PortalNode.Password),
            "role" => users.SaveAsync(user with { Role = ActorRole.HomeOwner }),
            _ => users.SaveAsync(user with { Until = _time.GetUtcNow() }),
        });
        Assert.Equal(HttpStatusCode.Unauthorized, (await gus.GetAsync("/api/me")).StatusCode);
    }

    [Fact]
    public async Task Enrolling_brings_back_neither_an_old_password_nor_a_removed_account()
    {
        PortalUsers users = _node.Get<PortalUsers>();
        using HttpClient ann = await _node.BrowserAsync("ann");
        string secret = (await PortalNode.JsonOf(await ann.PostAsJsonAsync("/api/second-factor/enrol", new { }))).GetProperty("secret").GetString()!;
        string pending = users.Find("ann")!.Password;
        PortalSession session = _node.Get<PortalSessions>().Start(users.Find("ann")!).Session;
        string own = PortalUsers.BeginEnrol(session).Secret;
        await users.SetPasswordAsync(users.Find("ann")!, "another password");
        Assert.False(await users.ConfirmEnrolAsync(session, Code(PortalTests.Base32(own))));
        Assert.NotEqual(HttpStatusCode.NoContent, (await ann.PostAsJsonAsync("/api/second-factor/confirm", new { code = Code(PortalTests.Base32(secret)) })).StatusCode);
        Assert.NotEqual(pending, users.Find("ann")!.Password);
        Assert.Null(users.Find("ann")!.SecondFactor);
        await users.RemoveAsync("ann");
        Assert.False(await users.ConfirmEnrolAsync(session, Code(PortalTests.Base32(own))));
        Assert.Null(users.Find("ann"));
    }

    [Fact]
    public async Task A_page_left_open_is_logged_out_although_it_listens_and_asks_by_itself()
    {
        using HttpClient ann = await _node.BrowserAsync("ann"), page = await _node.BrowserAsync("ann");
        using NoticeReader hears = await NoticeReader.OpenAsync(page, "/api/events");
        Assert.NotEqual("", await hears.NextAsync("hello"));
        page.DefaultRequestHeaders.Add(PortalGuard.UnattendedHeader, "1");
        for (int minutes = 0; minutes < 15; minutes += 5)
        {
            Assert.Equal(HttpStatusCode.OK, (await page.GetAsync("/api/homes/h1")).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/api/homes/h1")).StatusCode);
            _time.Advance(TimeSpan.FromMinutes(5));
        }

        await hears.EndAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await page.GetAsync("/api/homes/h1")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/api/homes/h1")).StatusCode);
    }

    [Fact]
    public async Task Who_was_removed_hears_nothing_more_however_much_happens()
    {
        using HttpClient sue = await _node.BrowserAsync("sue");
        using NoticeReader hears = await NoticeReader.OpenAsync(sue, "/api/events");
        Assert.NotEqual("", await hears.NextAsync("hello"));
        await _node.Get<PortalUsers>().RemoveAsync("sue");
        _node.Get<PortalFeed>().Publish("incident", "h1", new { id = "not-for-sue" });
        Assert.Equal("", await hears.NextAsync("not-for-sue"));
    }

    [Fact]
    public async Task A_person_with_too_many_logins_loses_the_oldest_and_a_full_node_takes_no_stranger()
    {
        PortalSessions sessions = _node.Get<PortalSessions>();
        sessions.MaxOfPerson = 2;
        using HttpClient first = await _node.BrowserAsync("ann");
        _time.Advance(TimeSpan.FromSeconds(1));
        using HttpClient second = await _node.BrowserAsync("ann");
        _time.Advance(TimeSpan.FromSeconds(1));
        using HttpClient third = await _node.BrowserAsync("ann");
        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.OK, HttpStatusCode.OK],
            new[] { (await first.GetAsync("/api/me")).StatusCode, (await second.GetAsync("/api/me")).StatusCode, (await third.GetAsync("/api/me")).StatusCode });
        sessions.MaxSessions = 2;
        using HttpClient olga = await _node.BrowserAsync(null);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await LogInAsync(olga, "olga", null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(olga, "ann", null)).StatusCode);
    }

    [Fact]
    public async Task Logins_and_second_factors_are_in_the_audit_also_those_that_failed()
    {
        using HttpClient stranger = await _node.BrowserAsync(null);
        await stranger.PostAsJsonAsync("/api/login", new { user = "olga\nroot", password = "wrong" });
        byte[] secret = await EnrolAsync("olga");
        await LogInAsync(stranger, "olga", "000000");
        await LogInAsync(stranger, "olga", Code(secret));
        string[] lines = [.. _node.Get<IStorage>().Audit.Read(null, null, 20).Select(r => $"{r.Actor} {r.Action} {r.Result} {r.Detail}").Reverse()];
        Assert.Equal(
            ["olgaroot Login refused Log in: the user name or the password is wrong.", "olga Login allowed Log in.", "olga EnrolSecondFactor allowed Enrol a second factor.",
                "olga Login refused Log in: the one-time code does not fit.", "olga Login allowed Log in with a second factor."], lines);
        Assert.Null(_node.Get<IStorage>().Audit.Verify());
    }

    private async Task<byte[]> EnrolAsync(string user)
    {
        using HttpClient browser = await _node.BrowserAsync(user);
        byte[] secret = await EnrolAsync(browser);
        _time.Advance(TimeSpan.FromSeconds(30));
        return secret;
    }

    private async Task<byte[]> EnrolAsync(HttpClient browser)
    {
        byte[] secret = PortalTests.Base32((await PortalNode.JsonOf(await browser.PostAsJsonAsync("/api/second-factor/enrol", new { }))).GetProperty("secret").GetString()!);
        Assert.Equal(HttpStatusCode.NoContent, (await browser.PostAsJsonAsync("/api/second-factor/confirm", new { code = Code(secret) })).StatusCode);
        return secret;
    }

    private static Task<HttpResponseMessage> LogInAsync(HttpClient browser, string user, string? code) => browser.PostAsJsonAsync("/api/login", new { user, password = PortalNode.Password, code });

    private static async Task<bool> IsFreshAsync(HttpClient browser) => (await browser.GetFromJsonAsync<JsonElement>("/api/me")).GetProperty("secondFactor").GetProperty("fresh").GetBoolean();

    private string Code(byte[] secret) => Totp.Code(secret, Totp.Step(_time.GetUtcNow()));

    private string Cookie(CookieContainer jar) => jar.GetCookies(_node.Address)[PortalGuard.Cookie]!.Value;

    private HttpClient Browser(CookieContainer jar) =>
        new(new HttpClientHandler { CookieContainer = jar, ServerCertificateCustomValidationCallback = (_, _, _, _) => true }) { BaseAddress = _node.Address };
}
