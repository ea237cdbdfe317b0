using System.Collections.Concurrent;
using System.Net.NetworkInformation;
using MediaRelay.Media.IO;
using MediaRelay.Media.IO.Audio;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.Sdp;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.IO.Tests.Media;

/// <summary>Two endpoints of this product in one process, over loopback sockets.</summary>
public sealed class MediaEndpointTests : IAsyncLifetime
{
    private readonly MediaHost _sender = Host();
    private readonly MediaHost _receiver = Host();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _sender.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_camera_is_seen_by_another_endpoint_whoever_offers(bool senderOffers)
    {
        await using var camera = _sender.OpenSource(new SyntheticCamera());
        await using var source = _sender.CreateEndpoint(new MediaEndpointSettings { Source = camera });
        await using var sink = _receiver.CreateEndpoint(new MediaEndpointSettings { Publish = true, ReceiveAudio = true });
        if (senderOffers) await ConnectAsync(source, sink);
        else await ConnectAsync(sink, source);
        await Until.TrueAsync(() => sink.Received!.Tracks.Count == 2 && sink.IncomingLevel.Packets > 5, "both tracks and sound arrive");
        Assert.InRange(sink.IncomingLevel.Current, -20, 0);
        var report = await source.GetStatisticsAsync();
        var video = Assert.Single(report, r => r.Type == "outbound-rtp" && (string)r.Values["kind"] == "video");
        Assert.True((long)video.Values["packetsSent"] > 3);
        Assert.Equal("AEAD_AES_128_GCM", report.Single(r => r.Type == "transport").Values["srtpCipher"]);
        Assert.Contains(report, r => r.Type == "candidate-pair" && (bool)r.Values["nominated"] || r.Type == "candidate-pair");
        var received = await sink.GetStatisticsAsync();
        Assert.Contains(received, r => r.Type == "inbound-rtp" && (string)r.Values["kind"] == "audio" && (double)r.Values["audioLevel"] > 0.1);
        var steps = await source.GetTimelineAsync();
        Assert.True(steps["firstKeyFrame"] >= steps["secured"]);
    }

    [Fact]
    public async Task Several_viewers_share_one_camera_connection_and_each_starts_with_a_key_frame()
    {
        var camera = new SyntheticCamera();
        await using var source = _sender.OpenSource(camera);
        var viewers = new List<MediaEndpoint>();
        for (var i = 0; i < 4; i++)
        {
            var sending = _sender.CreateEndpoint(new MediaEndpointSettings { Source = source });
            var viewer = _receiver.CreateEndpoint(new MediaEndpointSettings { Publish = true });
            await ConnectAsync(sending, viewer);
            viewers.Add(viewer);
        }
        foreach (var viewer in viewers)
        {
            await Until.TrueAsync(() => HasKeyFrame(viewer), "a key frame arrives first");
        }
        Assert.Equal(1, camera.Starts);
        Assert.Equal(4, source.Users);
    }

    [Fact]
    public async Task A_fan_out_passes_what_one_endpoint_receives_to_another_one()
    {
        await using var camera = _sender.OpenSource(new SyntheticCamera());
        await using var gateway = _sender.CreateEndpoint(new MediaEndpointSettings { Source = camera });
        await using var ingest = _receiver.CreateEndpoint(new MediaEndpointSettings { Publish = true });
        await ConnectAsync(gateway, ingest);
        await using var outgoing = _receiver.CreateEndpoint(new MediaEndpointSettings { Source = ingest.Received });
        await using var viewer = _sender.CreateEndpoint(new MediaEndpointSettings { Publish = true });
        await ConnectAsync(outgoing, viewer);
        await Until.TrueAsync(() => HasKeyFrame(viewer), "the picture passes two hops");
    }

    [Fact]
    public async Task A_viewers_voice_reaches_the_talk_back_of_the_camera()
    {
        var voice = new CollectingTalkBack();
        await using var camera = _sender.OpenSource(new SyntheticCamera { TalkBack = voice });
        await using var door = _sender.CreateEndpoint(new MediaEndpointSettings { Source = camera, ReceiveAudio = true });
        await using var microphone = _receiver.OpenSource(new SyntheticCamera());
        await using var viewer = _receiver.CreateEndpoint(new MediaEndpointSettings { Source = microphone, ReceiveAudio = true, Publish = true });
        await ConnectAsync(viewer, door);
        await Until.TrueAsync(() => voice.Packets.Count > 3, "the voice arrives");
        Assert.All(voice.Packets, p => Assert.Equal(172, p.Length));
        Assert.True(door.IncomingLevel.Current > -20);
    }

    [Fact]
    public async Task An_endpoint_whose_peer_said_goodbye_still_closes_its_socket()
    {
        await using var camera = _sender.OpenSource(new SyntheticCamera());
        var source = _sender.CreateEndpoint(new MediaEndpointSettings { Source = camera });
        var sink = _receiver.CreateEndpoint(new MediaEndpointSettings { Publish = true });
        await ConnectAsync(source, sink);
        var reasons = new ConcurrentQueue<string>();
        source.StateChanged += (state, reason) => reasons.Enqueue($"{state}: {reason}");
        sink.StateChanged += (state, reason) => reasons.Enqueue($"sink {state}: {reason}");
        var port = Convert.ToInt32((await source.GetStatisticsAsync()).First(r => r.Type == "local-candidate").Values["port"]);
        Assert.Contains(IPGlobalProperties.GetIPGlobalProperties().GetActiveUdpListeners(), open => open.Port == port);
        await sink.DisposeAsync();
        await Until.TrueAsync(() => source.State == MediaEndpointState.Closed, "the goodbye arrives");
        await source.DisposeAsync();
        Assert.Equal(["Closed: the peer said goodbye", "sink Closed: closed by its owner"], reasons.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(IPGlobalProperties.GetIPGlobalProperties().GetActiveUdpListeners(), open => open.Port == port);
    }

    [Fact]
    public async Task A_wrong_fingerprint_ends_the_endpoint_before_any_key_is_used()
    {
        await using var camera = _sender.OpenSource(new SyntheticCamera());
        await using var source = _sender.CreateEndpoint(new MediaEndpointSettings { Source = camera });
        await using var sink = _receiver.CreateEndpoint(new MediaEndpointSettings { Publish = true });
        var offer = await source.CreateOfferAsync();
        var answer = await sink.CreateAnswerAsync(offer);
        var at = answer.IndexOf("a=fingerprint:sha-256 ", StringComparison.Ordinal) + 22;
        var forged = answer[..at] + (answer[at] == '0' ? '1' : '0') + answer[(at + 1)..];
        await source.SetAnswerAsync(forged);
        var fault = await Assert.ThrowsAsync<MediaNegotiationException>(() => source.Connected.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal("the certificate of the peer does not match its fingerprint", fault.Message);
        Assert.Equal(MediaEndpointState.Failed, source.State);
        var report = await source.GetStatisticsAsync();
        Assert.DoesNotContain(report, r => r.Type == "outbound-rtp" && (long)r.Values["packetsSent"] > 0);
    }

    [Fact]
    public async Task Trickled_candidates_connect_and_closing_is_seen_by_the_peer()
    {
        await using var camera = _sender.OpenSource(new SyntheticCamera());
        await using var source = _sender.CreateEndpoint(new MediaEndpointSettings { Source = camera });
        await using var sink = _receiver.CreateEndpoint(new MediaEndpointSettings { Publish = true });
        var early = new ConcurrentQueue<string?>();
        var offer = await source.CreateOfferAsync();
        static string WithoutCandidates(string sdp) => string.Join("\r\n", sdp.Split("\r\n").Where(l => !l.StartsWith("a=candidate", StringComparison.Ordinal) && l != "a=end-of-candidates"));
        static IEnumerable<string> Candidates(string sdp) => sdp.Split("\r\n").Where(l => l.StartsWith("a=candidate", StringComparison.Ordinal));
        var answer = await sink.CreateAnswerAsync(WithoutCandidates(offer));
        await source.SetAnswerAsync(WithoutCandidates(answer));
        foreach (var line in Candidates(offer)) await sink.AddCandidateAsync(line);
        foreach (var line in Candidates(answer)) await source.AddCandidateAsync(line[2..]);
        await Task.WhenAll(source.Connected, sink.Connected).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.NotEmpty(Candidates(offer));
        await source.DisposeAsync();
        await Until.TrueAsync(() => sink.State == MediaEndpointState.Closed, "the goodbye arrives");
        Assert.True(early.IsEmpty);
    }

    [Fact]
    public async Task An_ice_restart_keeps_media_going()
    {
        await using var camera = _sender.OpenSource(new SyntheticCamera());
        await using var source = _sender.CreateEndpoint(new MediaEndpointSettings { Source = camera });
        await using var sink = _receiver.CreateEndpoint(new MediaEndpointSettings { Publish = true, ReceiveAudio = true });
        await ConnectAsync(source, sink);
        var offer = await source.RestartIceAsync();
        var answer = await sink.CreateAnswerAsync(offer);
        await source.SetAnswerAsync(answer);
        var before = sink.IncomingLevel.Packets;
        await Until.TrueAsync(() => sink.IncomingLevel.Packets > before + 20, "sound goes on");
        Assert.Equal(MediaEndpointState.Connected, source.State);
    }

    [Theory]
    [InlineData("")]
    [InlineData("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n")]
    [InlineData("no sdp at all")]
    public async Task Unusable_offers_are_refused_with_a_reason(string offer)
    {
        await using var camera = _sender.OpenSource(new SyntheticCamera());
        await using var source = _sender.CreateEndpoint(new MediaEndpointSettings { Source = camera });
        var fault = await Assert.ThrowsAsync<MediaNegotiationException>(() => source.CreateAnswerAsync(offer));
        Assert.NotEqual("", fault.Message);
    }

    [Fact]
    public async Task More_endpoints_than_allowed_are_refused()
    {
        await using var host = new MediaHost(new MediaOptions { MaxEndpoints = 1, UseLoopback = true, Addresses = ["127.0.0.1"] }, TimeProvider.System, NullLoggerFactory.Instance);
        var first = host.CreateEndpoint(new MediaEndpointSettings());
        Assert.Throws<MediaNegotiationException>(() => host.CreateEndpoint(new MediaEndpointSettings()));
        await first.DisposeAsync();
        await using var second = host.CreateEndpoint(new MediaEndpointSettings());
        Assert.Single(host.Endpoints);
    }

    internal static MediaHost Host() => new(new MediaOptions { UseLoopback = true, Addresses = ["127.0.0.1"], IdleTimeout = TimeSpan.FromMilliseconds(200) }, TimeProvider.System, NullLoggerFactory.Instance);

    internal static async Task ConnectAsync(MediaEndpoint offerer, MediaEndpoint answerer)
    {
        var offer = await offerer.CreateOfferAsync();
        var answer = await answerer.CreateAnswerAsync(offer);
        await offerer.SetAnswerAsync(answer);
        await Task.WhenAll(offerer.Connected, answerer.Connected).WaitAsync(TimeSpan.FromSeconds(10));
    }

    private static bool HasKeyFrame(MediaEndpoint viewer) => viewer.Received!.Original(MediaKind.Video) is { Feed.Counters.KeyFrames: > 0 };

    private sealed class CollectingTalkBack : ITalkBack
    {
        public ConcurrentQueue<byte[]> Packets { get; } = new();

        public string Codec => "PCMU";

        public void HandleRtp(ReadOnlySpan<byte> packet) => Packets.Enqueue(packet.ToArray());
    }
}
