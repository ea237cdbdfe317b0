using System.Globalization;
using System.Text.Json;
using MediaRelay.System.Tests.Media;
using Microsoft.Playwright;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>A person's machine: a network namespace with a Chromium that has a beeping microphone, and the portal's own player in its page.</summary>
internal sealed class StageViewer : IAsyncDisposable
{
    /// <summary>Starts the portal's player beside the page; <c>window.p</c> is the player, <c>window.v</c> its video.</summary>
    private const string Start = """
        async ([url, talk]) => {
          const { WhepPlayer } = await import('/js/live.js');
          window.v?.remove();
          const v = window.v = document.createElement('video');
          v.autoplay = true; v.playsInline = true; document.body.append(v);
          const p = window.p = new WhepPlayer({ url, talk, video: v });
          const microphone = talk ? await navigator.mediaDevices.getUserMedia({ audio: true }) : null;
          const started = p.start();
          await p.sender?.replaceTrack(microphone?.getAudioTracks()[0] ?? null);
          await started;
        }
        """;

    private const string Look = """
        async () => {
          const p = window.p, v = window.v, c = document.createElement('canvas'); c.width = 160; c.height = 90;
          let spread = 0;
          if (v.videoWidth) {
            const g = c.getContext('2d'); g.drawImage(v, 0, 0, 160, 90); const d = g.getImageData(0, 0, 160, 90).data; let s = 0, q = 0, n = 0;
            for (let i = 0; i < d.length; i += 4) { const y = (d[i] + d[i + 1] + d[i + 2]) / 3; s += y; q += y * y; n++; } const m = s / n; spread = Math.sqrt(q / n - m * m);
          }
          const all = p.peer ? [...(await p.peer.getStats()).values()] : [];
          const by = Object.fromEntries(all.map(s => [s.id, s]));
          const video = all.find(s => s.type === 'inbound-rtp' && s.kind === 'video'), audio = all.find(s => s.type === 'inbound-rtp' && s.kind === 'audio');
          const transport = all.find(s => s.type === 'transport'), pair = by[transport?.selectedCandidatePairId] ?? all.find(s => s.type === 'candidate-pair' && s.nominated);
          const local = by[pair?.localCandidateId], remote = by[pair?.remoteCandidateId];
          // A player that gives up closes its peer; how its pairs stood is kept for the report.
          if (p.peer) window.pairs = all.filter(s => s.type === 'candidate-pair').map(s => `${by[s.localCandidateId]?.candidateType}/${by[s.localCandidateId]?.relayProtocol ?? by[s.localCandidateId]?.protocol} to ${by[s.remoteCandidateId]?.candidateType} ${by[s.remoteCandidateId]?.address}: ${s.state}, ${s.requestsSent} checks, ${s.responsesReceived} answers, ${s.requestsReceived} received`).join('; ')
            + ' | local: ' + all.filter(s => s.type === 'local-candidate').map(s => `${s.candidateType}/${s.relayProtocol ?? s.protocol} ${s.address}:${s.port}`).join(' ')
            + ' | remote: ' + all.filter(s => s.type === 'remote-candidate').map(s => `${s.candidateType} ${s.address}:${s.port}`).join(' ');
          return { phase: p.phase, pairs: window.pairs ?? '', session: p.session, failure: p.failure?.words ?? p.endWords ?? '', spread, width: v.videoWidth, frames: video?.framesDecoded ?? 0,
            energy: audio?.totalAudioEnergy ?? 0, sent: all.find(s => s.type === 'outbound-rtp' && s.kind === 'audio')?.packetsSent ?? 0,
            local: local ? local.candidateType + (local.relayProtocol ? '/' + local.relayProtocol : '') : '', remote: remote?.candidateType ?? '', remoteAddress: remote?.address ?? '', grant: p.grant.state,
            firstFrame: p.done.find(s => s.name === 'first-frame')?.at ?? 0, steps: Object.fromEntries(p.done.map(s => [s.name, Math.round(s.at)])) };
        }
        """;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);
    private readonly string _wrapper;
    private readonly string[] _spaces;
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private StageViewer(string space, string[] spaces, string wrapper, IPlaywright playwright, IBrowser browser) =>
        (Space, _spaces, _wrapper, _playwright, _browser) = (space, spaces, wrapper, playwright, browser);

    public string Space { get; }

    public static async Task<StageViewer> StartAsync(string space, string[] spaces)
    {
        string wrapper = Path.Combine(Path.GetTempPath(), $"{space}-chromium");
        await File.WriteAllTextAsync(wrapper, $"#!/bin/sh\nexec ip netns exec {space} /usr/bin/chromium \"$@\"\n");
        File.SetUnixFileMode(wrapper, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = wrapper,
            Args =
            [
                "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--ignore-certificate-errors",
                "--autoplay-policy=no-user-gesture-required", "--disable-gpu", "--disable-background-networking", "--no-first-run",
            ],
        });
        return new StageViewer(space, spaces, wrapper, playwright, browser);
    }

    /// <summary>A page that is logged in, by the form.</summary>
    public async Task<IPage> LogInAsync(LookInStage stage, string user, string? password = null)
    {
        IBrowserContext context = await _browser.NewContextAsync(new BrowserNewContextOptions { IgnoreHTTPSErrors = true, Permissions = ["microphone"] });
        IPage page = await context.NewPageAsync();
        await page.GotoAsync(stage.Demo.Portal.ToString());
        await page.FillAsync("[data-testid=login-user]", user);
        await page.FillAsync("[data-testid=login-password]", password ?? stage.Demo.PasswordOf(user));
        await page.ClickAsync("[data-testid=login-submit]");
        await page.WaitForSelectorAsync("[data-testid=logout]");
        return page;
    }

    /// <summary>Starts a look-in in the page; it goes on by itself.</summary>
    public static Task StartAsync(IPage page, string camera = "cam-front", bool talk = false) => page.EvaluateAsync(Start, new object[] { $"/whep/home-1/{camera}", talk });

    public static async Task<Sight> LookAsync(IPage page) =>
        (await page.EvaluateAsync<JsonElement>(Look)).Deserialize<Sight>(s_json)!;

    public static Task StopAsync(IPage page) => page.EvaluateAsync("() => window.p.stop('The test is over.')");

    /// <summary>Waits for a sight that satisfies; the last one seen is in the failure.</summary>
    public static async Task<Sight> UntilAsync(IPage page, Func<Sight, bool> isGood, TimeSpan bound)
    {
        var clock = global::System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            Sight now = await LookAsync(page);
            if (isGood(now))
                return now;
            Assert.True(clock.Elapsed < bound && now.Phase is not ("failed" or "ended"), $"What was waited for did not come within {bound.TotalSeconds:0} s: {now}");
            await Task.Delay(50);
        }
    }

    /// <summary>Ends every process of the browser at once, as a power cut would; nothing is said to anybody but by the kernel.</summary>
    public void Kill()
    {
        string[] ids = LoopbackNamespace.Run("ip", "netns", "pids", Space).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        LoopbackNamespace.Run("sh", "-c", $"kill -9 {string.Join(' ', ids)} 2>/dev/null; true");
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _browser.DisposeAsync();
        }
        catch (PlaywrightException)
        {
            // A browser that a test has killed has nothing left to close.
        }

        _playwright.Dispose();
        File.Delete(_wrapper);
        foreach (string space in _spaces)
            LoopbackNamespace.Run("ip", "netns", "delete", space);
    }
}

/// <summary>What a viewer sees, hears and sends; spread is the standard deviation of the picture's brightness, 0 for a black one.</summary>
internal sealed record Sight(
    string Phase, string Session, string Failure, double Spread, int Width, int Frames, double Energy, int Sent, string Local, string Remote, string RemoteAddress, string Grant, double FirstFrame, string Pairs,
    Dictionary<string, double> Steps)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Phase} {Failure} {Width} px, spread {Spread:0}, {Frames} frames, sound energy {Energy:0.0000}, {Sent} packets spoken, {Local} to {Remote}, grant {Grant}, steps {string.Join(' ', Steps.Select(s => $"{s.Key}={s.Value}"))}, pairs: {Pairs}");
}
