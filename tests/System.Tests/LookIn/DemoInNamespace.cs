using System.Diagnostics;
using System.Text.Json;
using MediaRelay.System.Tests.Media;
using Microsoft.Playwright;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>The demo in a network namespace of its own, and a browser beside it; both end with the test.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class DemoInNamespace : IAsyncLifetime
{
    private readonly LoopbackNamespace _space = new();
    private Process _demo = null!;
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;
    private string _wrapper = "";

    /// <summary>What the demo said of itself.</summary>
    internal JsonElement Facts { get; private set; }

    internal string Portal => Facts.GetProperty("portal").GetString()!;

    public async Task InitializeAsync()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "mediarelay.dll");
        _demo = Process.Start(new ProcessStartInfo("ip", ["netns", "exec", _space.Name, "dotnet", program, "demo", "--json"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (await _demo.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.StartsWith('{'))
            {
                Facts = JsonSerializer.Deserialize<JsonElement>(line);
                break;
            }
        }

        Assert.Equal(JsonValueKind.Object, Facts.ValueKind);
        _ = _demo.StandardOutput.ReadToEndAsync(CancellationToken.None);
        _wrapper = Path.Combine(Path.GetTempPath(), $"{_space.Name}-chromium");
        await File.WriteAllTextAsync(_wrapper, $"#!/bin/sh\nexec ip netns exec {_space.Name} /usr/bin/chromium \"$@\"\n");
        File.SetUnixFileMode(_wrapper, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = _wrapper,
            Args =
            [
                "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection", "--ignore-certificate-errors",
                "--disable-features=WebRtcHideLocalIpsWithMdns", "--autoplay-policy=no-user-gesture-required", "--disable-gpu", "--disable-background-networking", "--no-first-run",
            ],
        });
    }

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
        File.Delete(_wrapper);
        if (!_demo.HasExited)
        {
            // "ip netns exec" became the demo itself, so its id is the demo's.
            LoopbackNamespace.Run("kill", "-TERM", $"{_demo.Id}");
            if (!_demo.WaitForExit(15_000))
                _demo.Kill(entireProcessTree: true);
        }

        _demo.Dispose();
        _space.Dispose();
    }

    /// <summary>A page that is logged in, by the form.</summary>
    internal async Task<IPage> LogInAsync(string user)
    {
        IBrowserContext context = await _browser.NewContextAsync(new BrowserNewContextOptions { IgnoreHTTPSErrors = true, Permissions = ["microphone"], ViewportSize = new ViewportSize { Width = 1280, Height = 860 } });
        IPage page = await context.NewPageAsync();
        await page.GotoAsync(Portal + "/");
        await page.FillAsync("[data-testid=login-user]", user);
        await page.FillAsync("[data-testid=login-password]", Facts.GetProperty("users").EnumerateArray().Single(u => u.GetProperty("name").GetString() == user).GetProperty("password").GetString()!);
        await page.ClickAsync("[data-testid=login-submit]");
        await page.WaitForSelectorAsync("[data-testid=logout]");
        return page;
    }

    /// <summary>Asks the API from inside a page, with its cookie and anti-forgery token.</summary>
    internal static async Task<(int Status, JsonElement Body)> AskAsync(IPage page, string method, string path, object? body = null)
    {
        JsonElement answer = await page.EvaluateAsync<JsonElement>(
            """
            async ([method, path, body]) => {
              const me = await (await fetch('/api/me')).json();
              const r = await fetch(path, { method, body: body ?? undefined, headers: { 'X-MediaRelay-Csrf': me.csrf, ...(body ? { 'Content-Type': 'application/json' } : {}) } });
              const text = await r.text();
              return { status: r.status, body: text ? JSON.parse(text) : null };
            }
            """, new object?[] { method, path, body is null ? null : JsonSerializer.Serialize(body) });
        return (answer.GetProperty("status").GetInt32(), answer.GetProperty("body").Clone());
    }

    /// <summary>Waits until the condition holds and gives the time it took; fails after the bound.</summary>
    internal static async Task<TimeSpan> UntilAsync(Func<Task<bool>> holds, TimeSpan bound, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < bound, $"{what} did not come within {bound.TotalSeconds:0} s");
            await Task.Delay(50);
        }

        return clock.Elapsed;
    }

    internal static async Task PictureAsync(IPage page, string name)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "output");
        Directory.CreateDirectory(folder);
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png"), FullPage = true });
    }
}
