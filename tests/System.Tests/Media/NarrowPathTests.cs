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

    [Fact]
    public async Task Chromium_behind_a_narrow_uplink_gets_less_of_the_picture_and_the_whole_one_when_it_widens()
    {
        // A rate filter is a hard test of an estimate and takes a minute; not part of a usual run until it has passed often enough.
        if (Environment.GetEnvironmentVariable("MEDIARELAY_NARROW_PATH") is null) return;
        using var network = new HomeNetwork();
        await using var host = new MediaHost(new MediaOptions { Addresses = ["192.168.77.2"] }, TimeProvider.System, NullLoggerFactory.Instance);
        await LoopbackNamespace.EnterAsync(host, network.Client);
        await using var browser = await BrowserViewer.StartAsync(network.Peer);
        Assert.True(host.TryOpenSource("test:?size=1280x720&rate=15", out var source, out _));
        await using var endpoint = host.CreateEndpoint(new MediaEndpointSettings { Source = source });
        var clock = Stopwatch.StartNew();
        endpoint.QualityChanged += quality => _changes.Add($"{clock.Elapsed.TotalSeconds:0.0} s {quality}");
        var answer = await endpoint.CreateAnswerAsync(await browser.Tab.EvaluateAsync<string>("offer(false)"));
        await LoopbackNamespace.LeaveAsync(host);
        await browser.Tab.EvaluateAsync("sdp => accept(sdp)", answer);
        await browser.Tab.EvaluateAsync<double>("firstFrame").WaitAsync(TimeSpan.FromSeconds(15));
        await WaitAsync(async () => (await Outbound(endpoint)).TryGetValue("bytesSent", out var bytes) && (long)bytes > 400_000, "the camera's rate is known");
        Assert.Equal(ViewerQuality.Full, endpoint.Quality);
        Assert.Contains(await endpoint.GetStatisticsAsync(), r => r.Type == "candidate-pair" && r.Values.ContainsKey("availableOutgoingBitrate"));

        string[] inside = ["netns", "exec", network.Router, "nft"];
        LoopbackNamespace.Run("ip", [.. inside, "add table ip narrow"]);
        LoopbackNamespace.Run("ip", [.. inside, "add chain ip narrow forward { type filter hook forward priority 0 ; }"]);
        LoopbackNamespace.Run("ip", [.. inside, "add rule ip narrow forward ip saddr 192.168.77.2 limit rate over 60 kbytes/second burst 40 kbytes drop"]);
        await WaitAsync(() => Task.FromResult(endpoint.Quality != ViewerQuality.Full), "the picture is reduced");
        var reduced = await Outbound(endpoint);
        Assert.Equal("bandwidth", reduced["qualityLimitationReason"]);
        Assert.NotEqual("full", reduced["mediarelayQuality"]);

        LoopbackNamespace.Run("ip", [.. inside, "delete table ip narrow"]);
        await WaitAsync(async () => (await browser.Tab.EvaluateAsync<JsonElement>("look()")).GetProperty("width").GetInt32() == 1280, "the whole picture comes back", 40);
        await WaitAsync(async () => (string)(await Outbound(endpoint))["qualityLimitationReason"] == "none", "the limitation is over", 40);
        output.WriteLine(string.Join(", ", _changes));
    }

    private static async Task<IReadOnlyDictionary<string, object>> Outbound(MediaEndpoint endpoint) =>
        (await endpoint.GetStatisticsAsync()).FirstOrDefault(r => r.Type == "outbound-rtp" && (string)r.Values["kind"] == "video")?.Values ?? new Dictionary<string, object>();

    private async Task WaitAsync(Func<Task<bool>> condition, string what, double seconds = 20)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(seconds)) throw new TimeoutException($"Within {seconds} s: {what}. {string.Join(", ", _changes)}");
            await Task.Delay(100);
        }
    }
}
