using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MediaRelay.Server.Demo;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>
/// From a person's click on a camera to its first decoded frame, through the relay between two symmetric NATs. LOOKIN_FIRST_FRAME=20 makes twenty
/// runs and judges them; without it two runs show that the path is measured at all.
/// </summary>
public sealed class FirstFrameTests(ITestOutputHelper output)
{
    private const string Watch = """
        () => {
          window.frames1 = 0; window.frameAt = 0;
          document.addEventListener('click', e => { if (e.isTrusted) { window.clickAt = performance.now(); window.frameAt = 0; } }, true);
          const seen = new WeakSet();
          const watch = () => document.querySelectorAll('video').forEach(v => { if (!seen.has(v)) { seen.add(v); v.requestVideoFrameCallback(() => { window.frameAt ||= performance.now(); }); } });
          new MutationObserver(watch).observe(document.documentElement, { childList: true, subtree: true });
        }
        """;

    private static readonly string[] s_columns = ["answered", "connected", "gate", "first-frame"];
    private static readonly string[] s_gateway = ["gathered", "pairFound", "secured", "firstPacket", "firstKeyFrame"];

    [Fact]
    public async Task A_click_shows_the_first_frame_soon_through_the_relay()
    {
        int runs = int.TryParse(Environment.GetEnvironmentVariable("LOOKIN_FIRST_FRAME"), NumberStyles.None, CultureInfo.InvariantCulture, out int asked) ? asked : 2;
        await using var stage = new LookInStage();
        await stage.StartDemoAsync(DemoNatKind.Symmetric);
        StageViewer viewer = await stage.AddViewerAsync(DemoNatKind.Symmetric);
        IPage page = await viewer.LogInAsync(stage, "ann");
        using HttpClient owner = stage.Client("HomeOwner"), max = stage.Client("MsoOperator");
        await page.EvaluateAsync(Watch);
        var times = new List<double>();
        var report = new StringBuilder($"| run | click to frame | {string.Join(" | ", s_columns)} | {string.Join(" | ", s_gateway.Select(g => "gw " + g))} |\n|{string.Concat(Enumerable.Repeat("---|", 2 + s_columns.Length + s_gateway.Length))}\n");
        for (int run = 1; run <= runs; run++)
        {
            await page.EvaluateAsync("() => { location.hash = '#/cameras'; }");
            ILocator card = page.Locator("a[href='#/camera/cam-front']").First;
            await card.WaitForAsync();
            await card.ClickAsync();
            await DemoInNamespace.UntilAsync(() => page.EvaluateAsync<bool>("() => window.frameAt > 0"), TimeSpan.FromSeconds(20), "the first frame");
            double took = await page.EvaluateAsync<double>("() => window.frameAt - window.clickAt");
            times.Add(took);
            JsonElement entry = default;
            await DemoInNamespace.UntilAsync(
                async () =>
                {
                    JsonElement active = (await owner.GetFromJsonAsync<JsonElement>("/api/homes/home-1/look-ins")).GetProperty("active");
                    return active.GetArrayLength() == 1 && (entry = active[0]).GetProperty("steps").TryGetProperty("first-frame", out _) && entry.TryGetProperty("gatewaySteps", out JsonElement g) && g.TryGetProperty("firstKeyFrame", out _);
                },
                TimeSpan.FromSeconds(10), "the steps of the look-in");
            string Step(string list, string name) => entry.GetProperty(list).TryGetProperty(name, out JsonElement at) ? at.GetDouble().ToString("0", CultureInfo.InvariantCulture) : "-";
            report.Append(CultureInfo.InvariantCulture, $"| {run} | {took:0} | {string.Join(" | ", s_columns.Select(c => Step("steps", c)))} | {string.Join(" | ", s_gateway.Select(c => Step("gatewaySteps", c)))} |\n");
            Assert.Contains("198.18.0.1:", entry.GetProperty("path").GetString()!, StringComparison.Ordinal); // The relay, or a port of it.
            await page.EvaluateAsync("() => { location.hash = '#/home'; }");
            await DemoInNamespace.UntilAsync(async () => (await LookInStage.GatesAsync(max)).Length == 0, TimeSpan.FromSeconds(10), "the end of the look-in");
        }

        times.Sort();
        double At(double share) => times[Math.Clamp((int)Math.Ceiling(share * times.Count) - 1, 0, times.Count - 1)];
        output.WriteLine(report.ToString());
        output.WriteLine(FormattableString.Invariant($"{times.Count} runs: p50 {At(0.5):0} ms, p95 {At(0.95):0} ms, worst {times[^1]:0} ms"));
        if (asked > 0)
            Assert.True(At(0.5) <= 700 && At(0.95) <= 1500, FormattableString.Invariant($"p50 {At(0.5):0} ms (700), p95 {At(0.95):0} ms (1500)"));
    }
}
