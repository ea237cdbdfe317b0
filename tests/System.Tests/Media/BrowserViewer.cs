using System.Text.Json;
using Microsoft.Playwright;

namespace MediaRelay.System.Tests.Media;

/// <summary>Headless Chromium inside a loopback namespace with a page that can be a viewer with a microphone.</summary>
internal sealed class BrowserViewer : IAsyncDisposable
{
    private const string Page = """
        <!doctype html><video id=v autoplay playsinline muted></video><script>
        let pc, microphone;
        async function prepare() { microphone = await navigator.mediaDevices.getUserMedia({ audio: true }); }
        async function offer(withMicrophone) {
          pc = new RTCPeerConnection({});
          pc.addTransceiver('video', { direction: 'recvonly' });
          if (withMicrophone) pc.addTransceiver(microphone.getAudioTracks()[0], { direction: 'sendrecv' });
          else pc.addTransceiver('audio', { direction: 'recvonly' });
          window.firstFrame = new Promise(r => { const v = document.getElementById('v');
            pc.ontrack = e => { if (e.track.kind == 'video') { v.srcObject = new MediaStream([e.track]); v.requestVideoFrameCallback(() => r(performance.timeOrigin + performance.now())); } else { const a = new Audio(); a.srcObject = new MediaStream([e.track]); window.sound = a; a.play(); } }; });
          await pc.setLocalDescription(await pc.createOffer());
          await new Promise(r => { if (pc.iceGatheringState == 'complete') r(); else pc.onicegatheringstatechange = () => pc.iceGatheringState == 'complete' && r(); });
          return pc.localDescription.sdp;
        }
        async function accept(sdp) { await pc.setRemoteDescription({ type: 'answer', sdp }); }
        async function answer(sdp) {
          pc = new RTCPeerConnection({});
          window.firstFrame = new Promise(r => { const v = document.getElementById('v');
            pc.ontrack = e => { if (e.track.kind == 'video') { v.srcObject = new MediaStream([e.track]); v.requestVideoFrameCallback(() => r(performance.timeOrigin + performance.now())); } }; });
          await pc.setRemoteDescription({ type: 'offer', sdp });
          await pc.setLocalDescription(await pc.createAnswer());
          await new Promise(r => { if (pc.iceGatheringState == 'complete') r(); else pc.onicegatheringstatechange = () => pc.iceGatheringState == 'complete' && r(); });
          return pc.localDescription.sdp;
        }
        function look() {
          const v = document.getElementById('v'), c = document.createElement('canvas'); c.width = v.videoWidth; c.height = v.videoHeight;
          if (!c.width) return { width: 0, height: 0, mean: 0, spread: 0 };
          const g = c.getContext('2d'); g.drawImage(v, 0, 0); const d = g.getImageData(0, 0, c.width, c.height).data;
          let sum = 0, squares = 0, n = 0; for (let i = 0; i < d.length; i += 4 * 97) { const y = (d[i] + d[i + 1] + d[i + 2]) / 3; sum += y; squares += y * y; n++; }
          const mean = sum / n; return { width: c.width, height: c.height, mean, spread: Math.sqrt(squares / n - mean * mean) };
        }
        async function statistics() { const all = []; (await pc.getStats()).forEach(s => all.push(s)); return JSON.stringify(all); }
        function close() { pc?.close(); }
        </script>
        """;

    private readonly string _wrapper;
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private BrowserViewer(string wrapper, IPlaywright playwright, IBrowser browser, IPage page)
    {
        _wrapper = wrapper;
        _playwright = playwright;
        _browser = browser;
        Tab = page;
    }

    public IPage Tab { get; }

    public static async Task<BrowserViewer> StartAsync(string space)
    {
        var wrapper = Path.Combine(Path.GetTempPath(), $"{space}-{Environment.ProcessId}-chromium");
        await File.WriteAllTextAsync(wrapper, $"#!/bin/sh\nexec ip netns exec {space} /usr/bin/chromium \"$@\"\n");
        File.SetUnixFileMode(wrapper, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = wrapper,
            Args =
            [
                "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
                "--disable-features=WebRtcHideLocalIpsWithMdns", "--autoplay-policy=no-user-gesture-required", "--disable-gpu",
            ],
        });
        var page = await browser.NewPageAsync();
        await page.RouteAsync("https://viewer.test/**", route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html", Body = Page }));
        await page.GotoAsync("https://viewer.test/");
        return new BrowserViewer(wrapper, playwright, browser, page);
    }

    /// <summary>The statistics objects of one type.</summary>
    public async Task<IReadOnlyList<JsonElement>> StatisticsAsync(string type)
    {
        using var all = JsonDocument.Parse(await Tab.EvaluateAsync<string>("statistics()"));
        return [.. all.RootElement.EnumerateArray().Where(s => s.GetProperty("type").GetString() == type).Select(s => s.Clone())];
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
        File.Delete(_wrapper);
    }
}
