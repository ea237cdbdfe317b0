using MediaRelay.Media.IO;
using MediaRelay.Media.IO.Audio;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace MediaRelay.System.Tests.Media;

/// <summary>GStreamer's webrtcbin views our camera and its voice arrives, whoever offers.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class WebrtcbinTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Address = "10.211.0.1";

    private readonly LoopbackNamespace _space = new();
    private readonly MediaHost _host = new(new MediaOptions { Addresses = [Address] }, TimeProvider.System, NullLoggerFactory.Instance);

    public async Task InitializeAsync()
    {
        // libnice gathers nothing on loopback.
        _space.AddAddress(Address);
        await _space.EnterAsync(_host);
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _space.Dispose();
    }

    [Theory]
    [InlineData(true, "test:", "pcmu")]
    [InlineData(false, "test:", "pcmu")]
    [InlineData(true, "test:?audio=opus", "opus")]
    public async Task Webrtcbin_decodes_the_picture_hears_the_sound_and_its_voice_arrives(bool peerOffers, string camera, string codec)
    {
        Assert.True(_host.TryOpenSource(camera, out var source, out _));
        var file = Path.GetTempFileName();
        using var talkBack = new WaveFileTalkBack(file);
        await using var peer = new WebrtcbinPeer(_space.Name, peerOffers, codec);
        await using var endpoint = _host.CreateEndpoint(new MediaEndpointSettings { Source = source, ReceiveAudio = true, TalkBack = talkBack });
        if (peerOffers)
        {
            peer.Tell("answer", await endpoint.CreateAnswerAsync(await peer.DescribedAsync(), waitForCandidates: true));
        }
        else
        {
            peer.Tell("offer", await endpoint.CreateOfferAsync(waitForCandidates: true));
            await endpoint.SetAnswerAsync(await peer.DescribedAsync());
        }
        await LoopbackNamespace.LeaveAsync(_host);
        peer.Trickle(candidate => _ = endpoint.AddCandidateAsync(candidate));
        await WaitAsync(() => peer.Frames >= 20, endpoint, peer, "pictures are decoded");
        Assert.Equal(640, peer.Width);
        Assert.True(peer.Spread > 20, peer.ToString());
        await WaitAsync(() => peer.Level > -30, endpoint, peer, "sound is heard");
        await WaitAsync(() => endpoint.IncomingLevel.Peak > -20, endpoint, peer, "the voice is measured");
        await WaitAsync(() => new FileInfo(file).Length > 8000, endpoint, peer, "the voice is written to the file");
        output.WriteLine($"{peer}; incoming {endpoint.IncomingLevel.Peak:0.0} dBov");
        File.Delete(file);
    }

    private static async Task WaitAsync(Func<bool> condition, MediaEndpoint endpoint, WebrtcbinPeer peer, string what)
    {
        var clock = global::System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(15)) throw new TimeoutException($"Within 15 s: {what}. Endpoint {endpoint.State} {endpoint.FailureReason}; peer {peer}");
            await Task.Delay(50);
        }
    }
}
