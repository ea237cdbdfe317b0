using System.Diagnostics;
using MediaRelay.Media.IO;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.System.Tests.Media;

/// <summary>The DSCP of media packets, as tshark sees it on the wire.</summary>
public sealed class MarkingTests
{
    [Theory]
    [InlineData(true, "0x90")] // AF42
    [InlineData(false, "0xb8")] // EF
    public async Task Every_packet_of_an_endpoint_is_marked(bool video, string field)
    {
        using var space = new LoopbackNamespace();
        var options = new MediaOptions { UseLoopback = true, Addresses = ["127.0.0.1"] };
        await using var sender = new MediaHost(options, TimeProvider.System, NullLoggerFactory.Instance);
        await using var receiver = new MediaHost(options, TimeProvider.System, NullLoggerFactory.Instance);
        await space.EnterAsync(sender);
        await space.EnterAsync(receiver);
        Assert.True(sender.TryOpenSource("test:", out var source, out _));
        await using var sending = sender.CreateEndpoint(video ? new MediaEndpointSettings { Source = source } : new MediaEndpointSettings { ReceiveAudio = true });
        await using var viewing = receiver.CreateEndpoint(new MediaEndpointSettings { Publish = video, ReceiveAudio = true });
        var offer = await sending.CreateOfferAsync(waitForCandidates: true);
        var port = offer.Split("\r\n").First(l => l.StartsWith("a=candidate", StringComparison.Ordinal)).Split(' ')[5];
        using var capture = Process.Start(new ProcessStartInfo("ip",
            ["netns", "exec", space.Name, "tshark", "-l", "-i", "lo", "-c", "8", "-a", "duration:15", "-f", $"udp src port {port}", "-T", "fields", "-e", "ip.dsfield"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        while (await capture.StandardError.ReadLineAsync() is { } line && !line.Contains("Capturing", StringComparison.Ordinal)) { }
        await sending.SetAnswerAsync(await viewing.CreateAnswerAsync(offer));
        await sending.Connected.WaitAsync(TimeSpan.FromSeconds(10));
        var seen = (await capture.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await capture.WaitForExitAsync();
        Assert.NotEmpty(seen);
        Assert.All(seen, s => Assert.Equal(field, s));
    }
}
