using System.Diagnostics;
using System.Text.Json;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>The main job on real parts: a person logs in, sees a camera of a home, and everything that was taken for it is given back.</summary>
public sealed class LookInTests(DemoInNamespace demo, ITestOutputHelper output) : IClassFixture<DemoInNamespace>
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_home_owner_sees_the_camera_with_gates_that_go_when_the_page_closes()
    {
        IPage ann = await demo.LogInAsync("ann");
        IPage max = await demo.LogInAsync("max");
        await DemoInNamespace.PictureAsync(ann, "home");
        await ann.GotoAsync(demo.Portal + "/#/camera/cam-front");
        TimeSpan first = await DemoInNamespace.UntilAsync(() => ann.EvaluateAsync<bool>("() => { const v = document.querySelector('[data-testid=live-video]'); return !!v && v.videoWidth > 0 && v.currentTime > 0.3; }"), s_soon, "the picture");
        double spread = await ann.EvaluateAsync<double>(
            """
            () => { const v = document.querySelector('[data-testid=live-video]'), c = document.createElement('canvas'); c.width = 160; c.height = 90;
              const g = c.getContext('2d'); g.drawImage(v, 0, 0, 160, 90); const d = g.getImageData(0, 0, 160, 90).data; let s = 0, q = 0, n = 0;
              for (let i = 0; i < d.length; i += 4) { const y = (d[i] + d[i + 1] + d[i + 2]) / 3; s += y; q += y * y; n++; } const m = s / n; return Math.sqrt(q / n - m * m); }
            """);
        Assert.True(spread > 20, $"The picture is flat (spread {spread:0}).");
        await DemoInNamespace.UntilAsync(() => ann.EvaluateAsync<bool>("() => document.querySelector('[data-testid=grant-badge]')?.textContent.includes('committed') ?? false"), s_soon, "the committed grant");
        Assert.True(await GatesAsync(max) >= 1);
        await DemoInNamespace.PictureAsync(ann, "live");
        await ann.Context.CloseAsync();
        TimeSpan gone = await DemoInNamespace.UntilAsync(async () => await GatesAsync(max) == 0, TimeSpan.FromSeconds(5), "the end of the gates");
        output.WriteLine($"page opened to moving picture {first.TotalMilliseconds:0} ms, gates gone {gone.TotalMilliseconds:0} ms after the page closed");
        await max.Context.CloseAsync();
    }

    [Fact]
    public async Task An_operator_looks_in_only_while_the_alarm_is_open_and_the_owner_sees_it()
    {
        IPage ann = await demo.LogInAsync("ann");
        IPage olga = await demo.LogInAsync("olga");
        Assert.Equal(403, (await DemoInNamespace.AskAsync(olga, "GET", "/api/homes/home-1")).Status);
        Assert.Equal(202, (await DemoInNamespace.AskAsync(ann, "POST", "/api/homes/home-1/partitions/1/arm", new { mode = "night" })).Status);
        await DemoInNamespace.UntilAsync(async () => (await DemoInNamespace.AskAsync(ann, "GET", "/api/homes/home-1")).Body.GetProperty("partitions")[0].GetProperty("mode").GetString() == "night", s_soon, "the arming");
        Assert.Equal(202, (await DemoInNamespace.AskAsync(ann, "POST", "/api/homes/home-1/simulate", new { device = "kitchen-window", value = "open" })).Status);
        ILocator row = olga.Locator("[data-testid=queue-row]").First;
        await row.WaitForAsync(new LocatorWaitForOptions { Timeout = 20_000 });
        await olga.Locator("[data-testid=claim-button]").First.ClickAsync();
        await olga.Locator("[data-testid=incident-record]").WaitForAsync();
        await olga.Locator("[data-testid=look-cam-front]").ClickAsync();
        await DemoInNamespace.UntilAsync(() => olga.EvaluateAsync<bool>("() => [...document.querySelectorAll('video')].some(v => v.videoWidth > 0 && v.currentTime > 0.3)"), s_soon, "the operator's picture");
        await ann.Locator("[data-testid=look-in-banner]").WaitForAsync(new LocatorWaitForOptions { Timeout = 10_000 });
        await DemoInNamespace.PictureAsync(olga, "incident");
        await DemoInNamespace.PictureAsync(ann, "banner");

        // The right code ends the alarm, and with it the right to look in.
        Assert.Equal(202, (await DemoInNamespace.AskAsync(ann, "POST", "/api/homes/home-1/partitions/1/disarm")).Status);
        TimeSpan cut = await DemoInNamespace.UntilAsync(
            async () => (await DemoInNamespace.AskAsync(ann, "GET", "/api/homes/home-1/look-ins")).Body.GetProperty("active").GetArrayLength() == 0, TimeSpan.FromSeconds(8), "the cut");
        output.WriteLine($"look-in cut {cut.TotalMilliseconds:0} ms after the disarm was sent");
        JsonElement past = (await DemoInNamespace.AskAsync(ann, "GET", "/api/homes/home-1/look-ins")).Body.GetProperty("past");
        Assert.Contains(past.EnumerateArray(), l => l.GetProperty("actor").GetString() == "Olga" && l.GetProperty("grant").GetString() == "alarm");
        await olga.Context.CloseAsync();
        await ann.Context.CloseAsync();
    }

    private static async Task<int> GatesAsync(IPage operatorPage) =>
        (await DemoInNamespace.AskAsync(operatorPage, "GET", "/api/operator/gates")).Body.GetProperty("gates").GetArrayLength();
}
