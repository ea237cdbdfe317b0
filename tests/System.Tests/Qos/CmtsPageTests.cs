using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Journal;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;

namespace MediaRelay.System.Tests.Qos;

/// <summary>The live page of <c>mediarelay cmts</c> in a browser, and <c>cmts top</c> beside it, with gates that come through <c>mediarelay policy-server</c>.</summary>
public sealed partial class CmtsPageTests : IDisposable
{
    private readonly List<Process> _processes = [];

    public void Dispose()
    {
        foreach (Process process in _processes)
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            process.Dispose();
        }
    }

    [Fact]
    public async Task The_page_and_top_show_modems_service_flows_and_gates_as_they_come_and_go()
    {
        string cmts = await StartAsync(
            "Emulated CMTS on", "cmts", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--modems", "10.1.0.0/16", "--capacity-up", "100M", "--capacity-down", "1G",
            "--service-class", "G711:ugs:grant=232,interval=20000,jitter=800", "--dsa-delay", "5ms", "--time-scale", "10", "--traffic", "0.5");
        string page = PageAddress().Match(cmts).Value, metrics = new Uri(page).Authority;
        string server = await StartAsync("Policy server on", "policy-server", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--cmts", $"10.1.0.0/16={Address().Match(cmts).Value}");
        await using var manager = new PolicyServerLink(
            new ApplicationManagerSettings(0x5678) { RequestDeadline = TimeSpan.FromSeconds(20) }, [IPEndPoint.Parse(Address().Match(server).Value)], new MemoryGateJournal(), TimeProvider.System,
            NullLogger<PolicyServerLink>.Instance);
        await manager.StartAsync(CancellationToken.None);
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
        });
        IPage view = await browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 720 } });
        var faults = new List<string>();
        view.PageError += (_, fault) => faults.Add(fault);
        await view.GotoAsync(page);
        await view.Locator("#sum", new PageLocatorOptions { HasText = "0 gates, 1 policy servers" }).WaitForAsync();

        var camera = new ParameterSet { RequestPolicy = 0x1F, PollingInterval = 5000, MinReservedRate = 2_000_000, MaxSustainedRate = 2_000_000, MaxBurst = 24920, MaxConcatenatedBurst = 1522 };
        await manager.RequestGatesAsync("look-in 7",
        [
            GateRig.Request("10.1.0.7", GateDirection.Upstream, TrafficProfile.FromServiceClass(ResourceEnvelopes.Commit, "G711")),
            GateRig.Request("10.1.0.7", GateDirection.Upstream, TrafficProfile.Single(TrafficProfileType.RealTimePolling, ResourceEnvelopes.Commit, camera)),
            GateRig.Request("10.1.0.8", GateDirection.Upstream, TrafficProfile.FromFlowSpec(ResourceEnvelopes.Reserve, FlowSpec.Constant(200, 50))),
        ]);
        ILocator gates = view.Locator("#gates tr");
        await gates.Nth(2).WaitForAsync();
        Assert.Equal(2, await view.Locator("#gates .Committed").CountAsync());
        Assert.Equal(1, await view.Locator("#gates .Reserved").CountAsync());
        string[] cells = [.. await gates.Filter(new LocatorFilterOptions { HasText = "RealTimePolling" }).Locator("td").AllInnerTextsAsync()];
        Assert.Equal(("10.1.0.7", "Upstream", "Committed", "2000.0"), (cells[1], cells[2], cells[3], cells[6]));
        // 2 Mbit/s at half its rate and ten times the time: more than a megabyte is counted within seconds, on the page as it stands.
        await view.WaitForFunctionAsync("[...document.querySelectorAll('#gates tr')].some(r => r.innerText.includes('RealTimePolling') && +r.cells[7].innerText > 1000)");
        Assert.Equal(["10.1.0.7 yes 2 2", "10.1.0.8 yes 1 1"], (await view.Locator("#modems tr").AllInnerTextsAsync()).Select(t => t.Replace('\t', ' ')).Order(StringComparer.Ordinal));
        string folder = Path.Combine(AppContext.BaseDirectory, "output");
        Directory.CreateDirectory(folder);
        await view.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, "cmts-page.png"), FullPage = true });
        string top = await RunAsync("cmts", "top", "--metrics", metrics, "--once");
        Assert.Contains("3 gates, 1 policy servers; up 2.", top, StringComparison.Ordinal);
        Assert.Contains("UnsolicitedGrant", top, StringComparison.Ordinal);

        using (var client = new HttpClient())
        {
            using HttpResponseMessage lost = await client.PostAsync(new Uri($"http://{metrics}/admin/cmts/modems/10.1.0.7/lose"), null);
            Assert.Equal(HttpStatusCode.Accepted, lost.StatusCode);
        }
        await view.WaitForFunctionAsync("document.querySelectorAll('#gates tr').length === 1");
        await manager.ReleaseGatesAsync("look-in 7");
        await view.Locator("#sum", new PageLocatorOptions { HasText = "0 gates," }).WaitForAsync();
        Assert.Empty(faults);
    }

    [GeneratedRegex("http://[0-9.:]+/admin/cmts")]
    private static partial Regex PageAddress();

    [GeneratedRegex(@"127\.0\.0\.1:\d+")]
    private static partial Regex Address();

    private static ProcessStartInfo Program(string[] arguments) =>
        new("dotnet", [Path.Combine(AppContext.BaseDirectory, "mediarelay.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardInput = true };

    /// <summary>Starts the program and gives the line in which it says that it is ready.</summary>
    private async Task<string> StartAsync(string ready, params string[] arguments)
    {
        Process process = Process.Start(Program(arguments))!;
        _processes.Add(process);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (!line.Contains(ready, StringComparison.Ordinal)) continue;
            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return line;
        }
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{arguments[0]} ended before it was ready."));
    }

    private async Task<string> RunAsync(params string[] arguments)
    {
        Process process = Process.Start(Program(arguments))!;
        _processes.Add(process);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await process.StandardOutput.ReadToEndAsync(limit.Token);
    }
}
