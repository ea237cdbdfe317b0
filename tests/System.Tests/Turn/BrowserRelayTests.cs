using System.Globalization;
using Microsoft.Playwright;

namespace MediaRelay.System.Tests.Turn;

/// <summary>Two pages of a headless Chromium behind the router exchange video through our relay alone, over each transport.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class BrowserRelayTests(RelayFixture relay) : IClassFixture<RelayFixture>, IAsyncLifetime
{
    private const string Page = """
        <!doctype html><video id=v autoplay playsinline muted></video><script>
        let pc; const candidates = [];
        function start(url) {
          pc = new RTCPeerConnection({ iceTransportPolicy: 'relay', iceServers: [{ urls: url, username: 'alice', credential: 'wonderland' }] });
          pc.ontrack = e => { document.getElementById('v').srcObject = new MediaStream([e.track]); };
          pc.onicecandidate = e => { if (e.candidate) candidates.push(e.candidate.candidate); };
        }
        async function gather() {
          await new Promise(r => { if (pc.iceGatheringState == 'complete') r(); else pc.onicegatheringstatechange = () => pc.iceGatheringState == 'complete' && r(); setTimeout(r, 8000); });
          return pc.localDescription.sdp;
        }
        async function offer(url) {
          start(url);
          const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
          pc.addTrack(stream.getVideoTracks()[0], stream);
          await pc.setLocalDescription(await pc.createOffer());
          return await gather();
        }
        async function answer(url, sdp) {
          start(url);
          await pc.setRemoteDescription({ type: 'offer', sdp });
          const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
          pc.addTrack(stream.getVideoTracks()[0], stream);
          await pc.setLocalDescription(await pc.createAnswer());
          return await gather();
        }
        async function accept(sdp) { await pc.setRemoteDescription({ type: 'answer', sdp }); }
        async function decoded() { let n = 0; (await pc.getStats()).forEach(s => { if (s.type == 'inbound-rtp') n += s.framesDecoded || 0; }); return n; }
        async function relayProtocol() {
          const all = {}; (await pc.getStats()).forEach(s => all[s.id] = s);
          for (const s of Object.values(all)) if (s.type == 'candidate-pair' && s.nominated) return all[s.localCandidateId].candidateType + '/' + all[s.localCandidateId].relayProtocol;
          return 'none';
        }
        </script>
        """;

    private readonly string _wrapper = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"mr-chromium-{Environment.ProcessId}"));
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(_wrapper, $"#!/bin/sh\nexec ip netns exec {relay.Network.Client} /usr/bin/chromium \"$@\"\n");
        File.SetUnixFileMode(_wrapper, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = _wrapper,
            Args =
            [
                "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
                "--disable-features=WebRtcHideLocalIpsWithMdns", "--ignore-certificate-errors", "--disable-gpu",
            ],
        });
    }

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
        File.Delete(_wrapper);
    }

    [Theory]
    [InlineData("turn:11.10.0.1:3478?transport=udp", "relay/udp")]
    [InlineData("turn:11.10.0.1:3478?transport=tcp", "relay/tcp")]
    [InlineData("turns:11.10.0.1:5349?transport=tcp", "relay/tls")]
    public async Task Two_pages_exchange_video_through_the_relay_alone(string url, string path)
    {
        var left = await OpenAsync();
        var right = await OpenAsync();
        var offer = await left.EvaluateAsync<string>("url => offer(url)", url);
        Assert.Contains("typ relay", offer, StringComparison.Ordinal);
        var answer = await right.EvaluateAsync<string>("a => answer(a[0], a[1])", (string[])[url, offer]);
        Assert.Contains("typ relay", answer, StringComparison.Ordinal);
        await left.EvaluateAsync("sdp => accept(sdp)", answer);
        foreach (var page in (IPage[])[left, right])
        {
            var frames = 0;
            for (var attempt = 0; attempt < 100 && frames < 5; attempt++)
            {
                frames = await page.EvaluateAsync<int>("decoded()");
                await Task.Delay(100);
            }

            Assert.True(frames >= 5, $"{frames} frames were decoded over {url}. Relay: {relay.Process.Output}");
            Assert.Equal(path, await page.EvaluateAsync<string>("relayProtocol()"));
        }

        await left.CloseAsync();
        await right.CloseAsync();
    }

    private async Task<IPage> OpenAsync()
    {
        var page = await _browser.NewPageAsync();
        await page.RouteAsync("https://pages.test/**", route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html", Body = Page }));
        await page.GotoAsync("https://pages.test/");
        return page;
    }
}
