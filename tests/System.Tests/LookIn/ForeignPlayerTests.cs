using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.Server.Demo;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>Chromium opens a page of another origin, and the player there, which knows nothing of this product, shows a camera of the demo.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class ForeignPlayerTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(25);

    private const string Look = """
        async () => {
          const v = document.getElementById('v'), c = document.createElement('canvas'); c.width = 160; c.height = 90;
          let spread = 0;
          if (v.videoWidth) {
            const g = c.getContext('2d'); g.drawImage(v, 0, 0, 160, 90); const d = g.getImageData(0, 0, 160, 90).data; let s = 0, q = 0, n = 0;
            for (let i = 0; i < d.length; i += 4) { const y = (d[i] + d[i + 1] + d[i + 2]) / 3; s += y; q += y * y; n++; } const m = s / n; spread = Math.sqrt(q / n - m * m);
          }
          const all = window.pc ? [...(await pc.getStats()).values()] : [];
          const by = kind => all.find(s => s.type === 'inbound-rtp' && s.kind === kind);
          return { origin: location.origin, width: v.videoWidth, time: v.currentTime, spread, frames: by('video')?.framesDecoded ?? 0, sound: by('audio')?.packetsReceived ?? 0, state: window.pc?.connectionState ?? 'none',
            servers: (window.pc?.getConfiguration().iceServers ?? []).flatMap(s => s.urls), loaded: performance.getEntriesByType('resource').map(e => e.name) };
        }
        """;

    private ForeignPage _page = null!;
    private DemoProcess _demo = null!;
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    public async Task InitializeAsync()
    {
        _page = new ForeignPage(DemoSettings.FreePort());
        _demo = await DemoProcess.StartAsync(["env", $"MEDIARELAY_Signaling__WhepOrigins={_page.Origin}"], "--https-port", "0", "--metrics", $"127.0.0.1:{DemoSettings.FreePort()}");
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args =
            [
                "--no-sandbox", "--allow-loopback-in-peer-connection", "--ignore-certificate-errors", "--disable-features=WebRtcHideLocalIpsWithMdns",
                "--autoplay-policy=no-user-gesture-required", "--disable-gpu", "--disable-background-networking", "--no-first-run",
            ],
        });
    }

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
        _demo.Dispose();
        _page.Dispose();
    }

    [Fact]
    public async Task A_foreign_player_on_a_foreign_page_shows_the_camera_and_hangs_up()
    {
        IPage tab = await OpenAsync();
        string resource = await ViewAsync(tab);
        JsonElement sight = default;
        await DemoInNamespace.UntilAsync(
            async () =>
            {
                sight = (await tab.EvaluateAsync<JsonElement>(Look)).Clone();
                return Number(sight, "frames") > 25 && Number(sight, "spread") > 20 && Number(sight, "time") > 0.5;
            }, s_bound, "the picture in the foreign player");
        output.WriteLine($"{sight}");
        Assert.Equal(_page.Origin, sight.GetProperty("origin").GetString());
        Assert.Equal(1280, Number(sight, "width"));
        Assert.True(Number(sight, "sound") > 0, "The camera's sound comes too.");

        // The servers came by the Link header of the answer, and no script came from the portal.
        Assert.Contains(sight.GetProperty("servers").EnumerateArray(), s => s.GetString()!.StartsWith("turn:127.0.0.1:", StringComparison.Ordinal));
        string[] loaded = [.. sight.GetProperty("loaded").EnumerateArray().Select(r => r.GetString()!)];
        Assert.All(loaded, l => Assert.DoesNotContain("/js/", l, StringComparison.Ordinal));

        using HttpClient ann = _demo.Client("HomeOwner");
        string session = resource.Split('/')[^1];
        Assert.Contains(session, await LookInsAsync(ann, "active"), StringComparison.Ordinal);
        await tab.EvaluateAsync("() => whep.stop()");
        await DemoInNamespace.UntilAsync(async () => (await LookInsAsync(ann, "past")).Contains(session, StringComparison.Ordinal), s_bound, "the end of the look-in");
        Assert.Contains("The viewer hung up.", await LookInsAsync(ann, "past"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_an_origin_that_is_not_named_gets_nothing()
    {
        using var stranger = new ForeignPage(DemoSettings.FreePort());
        IPage tab = await _browser.NewPageAsync(new BrowserNewPageOptions { IgnoreHTTPSErrors = true });
        await tab.GotoAsync(stranger.Origin);
        await tab.WaitForFunctionAsync("() => window.view");
        PlaywrightException fault = await Assert.ThrowsAsync<PlaywrightException>(() => ViewAsync(tab));
        Assert.Contains("Failed to fetch", fault.Message, StringComparison.Ordinal);
        using HttpClient ann = _demo.Client("HomeOwner");
        Assert.Equal(("[]", "[]"), (await LookInsAsync(ann, "active"), await LookInsAsync(ann, "past")));
    }

    private async Task<IPage> OpenAsync()
    {
        IPage tab = await _browser.NewPageAsync(new BrowserNewPageOptions { IgnoreHTTPSErrors = true });
        // This player sends late candidates without If-Match, which RFC 9725 has answered 428; the checks themselves tell the gateway where it is.
        tab.PageError += (_, words) => output.WriteLine($"the page says: {words}");
        await tab.GotoAsync(_page.Origin);
        await tab.WaitForFunctionAsync("() => window.view");
        return tab;
    }

    private Task<string> ViewAsync(IPage tab) =>
        tab.EvaluateAsync<string>("([url, token]) => view(url, token)", new object[] { $"{_demo.Portal}whep/home-1/cam-front", _demo.TokenOf("HomeOwner") });

    private static async Task<string> LookInsAsync(HttpClient owner, string which) =>
        (await owner.GetFromJsonAsync<JsonElement>("/api/homes/home-1/look-ins")).GetProperty(which).GetRawText();

    private static double Number(JsonElement sight, string name) => sight.GetProperty(name).GetDouble();
}
