using System.Diagnostics;
using System.Text.Json;
using MediaRelay.Media.Congestion;
using MediaRelay.Media.IO;
using MediaRelay.System.Tests.Turn;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace MediaRelay.System.Tests.Media;

/// <summary>The home's uplink takes less than the camera sends: Chromium gets the smaller picture, the state is told, and the whole picture comes back.</summary>
public sealed class NarrowPathTests(ITestOutputHelper output)
{
    private readonly List<string> _changes = [];
    private MediaEndpoint? _endpoint;

    [Fact]
    public async Task Chromium_behind_a_narrow_uplink_gets_less_of_the_picture_and_the_whole_one_when_it_widens()
    {
        using var network = new HomeNetwork();
        await using var host = new MediaHost(new MediaOptions { Addresses = ["192.168.77.2"] }, TimeProvider.System, NullLoggerFactory.Instance);
        await LoopbackNamespace.EnterAsync(host, network.Client);
        await using var browser = await BrowserViewer.StartAsync(network.Peer);
        Assert.True(host.TryOpenSource("test:?size=1280x720&rate=15", out var source, out _));
        await using var endpoint = host.CreateEndpoint(new MediaEndpointSettings { Source = source });
        _endpoint = endpoint;
        var clock = Stopwatch.StartNew();
        endpoint.QualityChanged += quality => _changes.Add($"{clock.Elapsed.TotalSeconds:0.0} s {quality}");
        var answer = await endpoint.CreateAnswerAsync(await browser.Tab.EvaluateAsync<string>("offer(false)"));
        await LoopbackNamespace.LeaveAsync(host);
        await browser.Tab.EvaluateAsync("sdp => accept(sdp)", answer);
        await browser.Tab.EvaluateAsync<double>("firstFrame").WaitAsync(TimeSpan.FromSeconds(15));
        await WaitAsync(async () => (await Outbound(endpoint)).TryGetValue("bytesSent", out var bytes) && (long)bytes > 400_000, "the camera's rate is known");
        Assert.Equal(ViewerQuality.Full, endpoint.Quality);
        await WaitAsync(async () => (await endpoint.GetStatisticsAsync()).Any(r => r.Type == "candidate-pair" && r.Values.ContainsKey("availableOutgoingBitrate")), "the viewer reports");

        string[] inside = ["netns", "exec", network.Router, "nft"];
        LoopbackNamespace.Run("ip", [.. inside, "add table ip narrow"]);
        LoopbackNamespace.Run("ip", [.. inside, "add chain ip narrow forward { type filter hook forward priority 0 ; }"]);
        LoopbackNamespace.Run("ip", [.. inside, "add rule ip narrow forward ip saddr 192.168.77.2 limit rate over 60 kbytes/second burst 40 kbytes drop"]);
        await WaitAsync(() => Task.FromResult(endpoint.Quality != ViewerQuality.Full), "the picture is reduced");
        await WaitAsync(async () => await Width(browser) == 320, "the smaller picture is decoded");
        var reduced = await Outbound(endpoint);
        Assert.Equal("bandwidth", reduced["qualityLimitationReason"]);
        Assert.Equal("reduced", reduced["mediarelayQuality"]);
        var frames = await Frames(browser);
        await WaitAsync(async () => await Frames(browser) > frames + 15, "the smaller picture moves");

        LoopbackNamespace.Run("ip", [.. inside, "delete table ip narrow"]);
        await WaitAsync(async () => await Width(browser) == 1280, "the whole picture comes back", 40);
        await WaitAsync(async () => (string)(await Outbound(endpoint))["qualityLimitationReason"] == "none", "the limitation is over", 40);
        Assert.False(_changes.Exists(c => c.Contains("KeyFrames", StringComparison.Ordinal)), string.Join(", ", _changes));
        output.WriteLine(string.Join(", ", _changes));
    }

    private static async Task<int> Width(BrowserViewer browser) => (await browser.Tab.EvaluateAsync<JsonElement>("look()")).GetProperty("width").GetInt32();

    private static async Task<int> Frames(BrowserViewer browser) =>
        (await browser.StatisticsAsync("inbound-rtp")).Where(s => s.TryGetProperty("framesDecoded", out _)).Sum(s => s.GetProperty("framesDecoded").GetInt32());

    private static async Task<IReadOnlyDictionary<string, object>> Outbound(MediaEndpoint endpoint) =>
        (await endpoint.GetStatisticsAsync()).FirstOrDefault(r => r.Type == "outbound-rtp" && (string)r.Values["kind"] == "video")?.Values ?? new Dictionary<string, object>();

    private async Task WaitAsync(Func<Task<bool>> condition, string what, double seconds = 20)
    {
        var clock = Stopwatch.StartNew();
        var noted = 0;
        while (!await condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(seconds)) throw new TimeoutException($"Within {seconds} s: {what}. {string.Join(", ", _changes)}");
            if (_endpoint is not null && clock.Elapsed.TotalSeconds >= noted)
            {
                noted++;
                var sent = await Outbound(_endpoint);
                var path = (await _endpoint.GetStatisticsAsync()).FirstOrDefault(r => r.Type == "candidate-pair" && r.Values.ContainsKey("availableOutgoingBitrate"));
                _changes.Add($"[{clock.Elapsed.TotalSeconds:0.0} s of '{what}': {path?.Values["availableOutgoingBitrate"]} bit/s, {sent.GetValueOrDefault("bytesSent")} bytes]");
            }
            await Task.Delay(100);
        }
    }
}
