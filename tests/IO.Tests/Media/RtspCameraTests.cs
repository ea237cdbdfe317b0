using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Cameras.Rtsp;

namespace MediaRelay.IO.Tests.Media;

public sealed class RtspCameraTests
{
    [Theory]
    [InlineData("none")]
    [InlineData("basic")]
    [InlineData("digest-old")]
    [InlineData("digest-md5")]
    [InlineData("digest-sha256")]
    [InlineData("several")]
    public async Task A_camera_is_played_with_every_kind_of_authentication(string kind)
    {
        await using var server = new RtspTestServer(kind switch
        {
            "basic" => "WWW-Authenticate: Basic realm=\"cam\"\r\n",
            "digest-old" => RtspTestServer.Digest(""),
            "digest-md5" => RtspTestServer.Digest("MD5"),
            "digest-sha256" => RtspTestServer.Digest("SHA-256"),
            "several" => "WWW-Authenticate: Basic realm=\"cam\"\r\n" + RtspTestServer.Digest("SHA-256"),
            _ => "",
        });
        var sink = await PlayAsync($"rtsp://viewer:se%3Acret@127.0.0.1:{server.Port}/live");
        Assert.Equal(["H264", "PCMA"], sink.Tracks.Select(t => t.Codec.Name));
        Assert.Contains(sink.Rtp, p => p.Track == 0 && p.Packet.Length == 14);
        Assert.Contains(sink.Rtp, p => p.Track == 1 && p.Packet.Length == 13);
        Assert.Contains(server.Requests, r => r.StartsWith("TEARDOWN", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Requests, r => r.Split("\r\n")[0].Contains("cret", StringComparison.Ordinal));
        if (kind == "several") Assert.DoesNotContain(server.Requests, r => r.Contains("Authorization: Basic", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_password_is_told_as_a_sentence_and_not_tried_for_ever()
    {
        await using var server = new RtspTestServer(RtspTestServer.Digest("MD5"));
        var fault = await Assert.ThrowsAsync<CameraException>(() => PlayAsync($"rtsp://viewer:wrong@127.0.0.1:{server.Port}/live"));
        Assert.Equal($"Camera rtsp://127.0.0.1:{server.Port}/live refuses the user name or password (401 to DESCRIBE).", fault.Message);
        Assert.True(server.Requests.Count <= 5);
    }

    [Fact]
    public async Task Talk_back_reaches_the_camera_with_the_payload_type_it_asked_for()
    {
        await using var server = new RtspTestServer();
        await PlayAsync($"rtsp://127.0.0.1:{server.Port}/live", async sink =>
        {
            Assert.Equal("PCMU", sink.TalkBack!.Codec);
            byte[] packet = [0x80, 0x80 | 111, 0, 1, 0, 0, 0, 160, 9, 9, 9, 9, 0xFF, 0x7F];
            sink.TalkBack.HandleRtp(packet);
            await Until.TrueAsync(() => !server.BackChannel.IsEmpty, "the packet arrives");
            packet[1] = 0x80;
            Assert.Equal(packet, server.BackChannel.First());
        });
    }

    [Fact]
    public async Task A_camera_without_back_channel_is_asked_again_without_it()
    {
        await using var server = new RtspTestServer(hasBackChannel: false);
        var sink = await PlayAsync($"rtsp://127.0.0.1:{server.Port}/live");
        Assert.Null(sink.TalkBack);
        Assert.Equal(2, sink.Tracks.Count);
    }

    [Theory]
    [InlineData("", "npt=0.000-")]
    [InlineData("npt=0-30", "npt=0.000-")]
    [InlineData("npt=now-", "npt=now-")]
    public async Task A_live_stream_is_played_from_now_and_others_from_their_start(string described, string asked)
    {
        await using var server = new RtspTestServer { Range = described };
        await PlayAsync($"rtsp://127.0.0.1:{server.Port}/live");
        Assert.Contains($"Range: {asked}\r\n", Assert.Single(server.Requests, r => r.StartsWith("PLAY", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rtsp_over_tls_is_played_when_the_certificate_is_trusted_and_refused_otherwise()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        await using var server = new RtspTestServer(certificate: certificate);
        var url = $"rtsps://127.0.0.1:{server.Port}/live";
        await Assert.ThrowsAsync<CameraException>(() => PlayAsync(url));
        var sink = await PlayAsync(url, settings: new RtspSettings { CertificateCheck = (_, shown, _, _) => shown!.GetCertHashString() == certificate.GetCertHashString() });
        Assert.NotEmpty(sink.Rtp);
    }

    [Fact]
    public async Task Sessions_are_kept_alive_and_a_cut_connection_is_told()
    {
        await using var server = new RtspTestServer { SessionTimeout = 4 };
        var fault = await Assert.ThrowsAsync<CameraException>(() => PlayAsync($"rtsp://127.0.0.1:{server.Port}/live", async _ =>
        {
            await Until.TrueAsync(() => server.Requests.Any(r => r.StartsWith("GET_PARAMETER", StringComparison.Ordinal)), "a keep-alive comes");
            server.Cut();
            await Task.Delay(Timeout.Infinite, new CancellationTokenSource(TimeSpan.FromSeconds(3)).Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }));
        Assert.Contains("closed the connection", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_listening_is_told_as_a_sentence()
    {
        var fault = await Assert.ThrowsAsync<CameraException>(() => PlayAsync("rtsp://127.0.0.1:1/live"));
        Assert.StartsWith("Camera rtsp://127.0.0.1:1/live cannot be reached: ", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rtsp://h/a", "*", "rtsp://h/a")]
    [InlineData("rtsp://h/a", "track1", "rtsp://h/a/track1")]
    [InlineData("rtsp://h/a/", "track1", "rtsp://h/a/track1")]
    [InlineData("rtsp://h/a?x=1", "trackID=1", "rtsp://h/a?x=1/trackID=1")]
    [InlineData("rtsp://h/a", "/b", "rtsp://h/b")]
    [InlineData("rtsp://h/a", "rtsp://h/c", "rtsp://h/c")]
    public void Control_attributes_are_joined_as_cameras_mean_them(string baseUri, string control, string expected) =>
        Assert.Equal(expected, RtspTrack.Resolve(baseUri, control));

    private static async Task<CollectingSink> PlayAsync(string url, Func<CollectingSink, Task>? during = null, RtspSettings? settings = null)
    {
        Assert.True(CameraAddress.TryRead(url, out var address, out _));
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        var sink = new CollectingSink();
        var running = new RtspCamera(address, settings ?? new RtspSettings(), TimeProvider.System).RunAsync(sink, stop.Token);
        try
        {
            await Until.TrueAsync(() => running.IsCompleted || sink.Rtp.Count >= 4, "packets come");
            if (!running.IsCompleted && during is not null) await Task.WhenAny(running, during(sink));
        }
        finally
        {
            await stop.CancelAsync();
        }
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
            // As asked.
        }
        return sink;
    }
}
