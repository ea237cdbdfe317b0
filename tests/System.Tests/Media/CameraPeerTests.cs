using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MediaRelay.Media.IO;
using MediaRelay.Media.IO.Cameras;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.System.Tests.Media;

/// <summary>Foreign cameras: gst-rtsp-server with digest, H.264 and JPEG; ffmpeg's mpjpeg over HTTP; a file.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class CameraPeerTests : IAsyncLifetime
{
    private const string RtspServer = """
        import os, sys, gi
        gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0')
        from gi.repository import Gst, GstRtspServer, GLib
        Gst.init(None)
        server = GstRtspServer.RTSPOnvifServer() if len(sys.argv) > 1 else GstRtspServer.RTSPServer()
        server.set_address('127.0.0.1'); server.set_service('0')
        auth = GstRtspServer.RTSPAuth()
        auth.set_supported_methods(2)
        token = GstRtspServer.RTSPToken(); token.set_string('media.factory.role', 'viewer')
        auth.add_digest('viewer', 'se:cret', token)
        if len(sys.argv) == 1: server.set_auth(auth)
        def mount(path, launch):
            factory = GstRtspServer.RTSPMediaFactory(); factory.set_launch(launch); factory.set_shared(True)
            factory.add_role_from_structure(Gst.Structure.from_string('viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true')[0])
            server.get_mount_points().add_factory(path, factory)
        mount('/h264', '( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! video/x-h264,profile=baseline ! rtph264pay name=pay0 pt=96 audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0 )')
        mount('/jpeg', '( videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=10/1 ! jpegenc ! rtpjpegpay name=pay0 pt=26 )')
        mount('/h265', '( videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=10/1 ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=20 ! rtph265pay name=pay0 pt=96 audiotestsrc is-live=true ! audio/x-raw,rate=16000,channels=1 ! voaacenc bitrate=32000 ! rtpmp4gpay name=pay1 pt=97 )')
        mount('/mpeg4', '( filesrc location=%s/mpeg4.mp4 ! qtdemux ! mpeg4videoparse ! rtpmp4vpay name=pay0 pt=96 config-interval=1 )' % os.path.dirname(sys.argv[0]))
        if len(sys.argv) > 1:
            door = GstRtspServer.RTSPOnvifMediaFactory(); door.set_shared(False); door.set_media_gtype(GstRtspServer.RTSPOnvifMedia.__gtype__)
            door.set_launch('( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=10/1 ! x264enc tune=zerolatency speed-preset=ultrafast ! video/x-h264,profile=baseline ! rtph264pay name=pay0 pt=96 )')
            door.set_backchannel_launch('( capsfilter caps="application/x-rtp, media=audio, payload=0, clock-rate=8000, encoding-name=PCMU" name=depay_backchannel ! rtppcmudepay ! mulawdec ! filesink async=false sync=false buffer-mode=2 location=%s )' % sys.argv[1])
            server.get_mount_points().add_factory('/door', door)
        server.attach(None)
        print(server.get_bound_port(), flush=True)
        GLib.MainLoop().run()
        """;

    private readonly MediaHost _host = new(new MediaOptions { UseLoopback = true, Addresses = ["127.0.0.1"], IdleTimeout = TimeSpan.FromSeconds(1) }, TimeProvider.System, NullLoggerFactory.Instance);
    private readonly string _folder = Directory.CreateTempSubdirectory("cameras-").FullName;
    private Process? _peer;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        if (_peer is { HasExited: false }) _peer.Kill();
        _peer?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("rtsp", "h264", "H264,PCMU")]
    [InlineData("rtsp+udp", "h264", "H264,PCMU")]
    [InlineData("rtsp", "jpeg", "JPEG")]
    [InlineData("rtsp", "h265", "H265,MPEG4-GENERIC")]
    [InlineData("rtsp", "mpeg4", "MP4V-ES")]
    public async Task A_gstreamer_camera_with_digest_is_recorded(string scheme, string path, string codecs)
    {
        // GStreamer's own encoder of MPEG-4 gives no time stamps here, so nothing would ever be sent: a file stands in for it.
        if (path == "mpeg4") LoopbackNamespace.Run("ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=60", "-c:v", "mpeg4", "-bf", "0", "-g", "20", Path.Combine(_folder, "mpeg4.mp4"));
        var port = await StartRtspServerAsync();
        Assert.True(_host.TryOpenSource($"{scheme}://viewer:se%3Acret@127.0.0.1:{port}/{path}", out var source, out _));
        await RecordAsync(source, codecs, "h264,320,240");
        Assert.Null(source.Fault);
    }

    [Fact]
    public async Task One_child_for_each_needed_format_serves_all_viewers_of_an_H265_and_AAC_camera_and_ends_when_idle()
    {
        var port = await StartRtspServerAsync();
        Assert.True(_host.TryOpenSource($"rtsp://viewer:se%3Acret@127.0.0.1:{port}/h265", out var source, out _));
        await using var watching = new MediaHost(new MediaOptions { UseLoopback = true, Addresses = ["127.0.0.1"] }, TimeProvider.System, NullLoggerFactory.Instance);
        var pairs = new List<(MediaEndpoint Door, MediaEndpoint Viewer)>();
        for (var i = 0; i < 3; i++)
        {
            var door = _host.CreateEndpoint(new MediaEndpointSettings { Source = source, SourceTimeout = TimeSpan.FromSeconds(10) });
            var viewer = watching.CreateEndpoint(new MediaEndpointSettings { Publish = true, ReceiveAudio = true });
            var answer = await viewer.CreateAnswerAsync(await door.CreateOfferAsync());
            await door.SetAnswerAsync(answer);
            pairs.Add((door, viewer));
        }
        foreach (var (_, viewer) in pairs)
        {
            await WaitAsync(() => viewer.Received!.Original(MediaKind.Video) is { Feed.Counters.KeyFrames: > 0 }, "a key frame in H.264 arrives", 20);
            await WaitAsync(() => watching.Loop.InvokeAsync(() => viewer.Received!.Original(MediaKind.Audio) is { Feed.Counters.Packets: > 5 }).Result, "sound arrives", 10);
        }
        Assert.Equal(["H264", "PCMU"], pairs[0].Viewer.Received!.Tracks.Select(t => t.Codec.Name.ToUpperInvariant()));
        Assert.Equal(2, _host.Transcoders);
        var children = Children();
        Assert.Equal(2, children.Count);
        foreach (var (door, viewer) in pairs)
        {
            await viewer.DisposeAsync();
            await door.DisposeAsync();
        }
        await WaitAsync(() => _host.Transcoders == 0 && !children.Exists(c => Directory.Exists($"/proc/{c}")), "the children end when nobody watches");
    }

    [Fact]
    public async Task A_voice_reaches_the_onvif_back_channel_of_a_gstreamer_camera()
    {
        var voice = Path.Combine(_folder, "voice.raw");
        var port = await StartRtspServerAsync(voice);
        Assert.True(_host.TryOpenSource($"rtsp://127.0.0.1:{port}/door", out var source, out _));
        await using var endpoint = _host.CreateEndpoint(new MediaEndpointSettings { Source = source });
        await WaitAsync(() => source.TalkBack is not null, $"the back-channel is found; {source.Fault}");
        Assert.Equal("PCMU", source.TalkBack!.Codec);
        var packet = new byte[172];
        (packet[0], packet[11]) = (0x80, 9);
        for (var i = 12; i < packet.Length; i++) packet[i] = (byte)(i % 8 < 4 ? 0x90 : 0x10);
        ushort number = 0;
        await WaitAsync(
            () =>
            {
                packet[1] = (byte)(number == 0 ? 0x80 : 0);
                global::System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), number);
                global::System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), (uint)(number++ * 160));
                source.TalkBack!.HandleRtp(packet);
                return File.Exists(voice) && new FileInfo(voice).Length > 3200;
            },
            "the voice is played by the camera");
        var samples = global::System.Runtime.InteropServices.MemoryMarshal.Cast<byte, short>(await File.ReadAllBytesAsync(voice)).ToArray();
        Assert.True(samples.Count(s => Math.Abs((int)s) > 1000) > 1000);
    }

    [Fact]
    public async Task A_wrong_password_is_reported()
    {
        var port = await StartRtspServerAsync();
        Assert.True(_host.TryOpenSource($"rtsp://viewer:wrong@127.0.0.1:{port}/h264", out var source, out _));
        await using var endpoint = _host.CreateEndpoint(new MediaEndpointSettings { Source = source });
        await WaitAsync(() => source.Fault is not null, "the fault is told");
        Assert.Contains("refuses the user name or password", source.Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mpjpeg_over_http_becomes_h264_and_gives_still_pictures()
    {
        var port = FreePort();
        _peer = Process.Start(new ProcessStartInfo("ffmpeg",
            ["-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10", "-f", "mpjpeg", "-listen", "1", $"http://127.0.0.1:{port}/video"]));
        Assert.True(_host.TryOpenSource($"http://127.0.0.1:{port}/video", out var source, out _));
        await RecordAsync(source, "JPEG", "h264,320,240", async () =>
        {
            var picture = await new SnapshotTaker(_host).TakeAsync(source, TimeSpan.FromSeconds(10));
            Assert.Equal([0xFF, 0xD8], picture[..2]);
        });
        Assert.Equal(1, _host.Transcoders);
    }

    [Fact]
    public async Task A_file_is_played_as_live()
    {
        var path = Path.Combine(_folder, "in.mp4");
        LoopbackNamespace.Run("ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=2", "-f", "lavfi", "-i", "sine=duration=2", "-shortest", path);
        Assert.True(_host.TryOpenSource("file://" + path, out var source, out _));
        await RecordAsync(source, "H264,PCMU", "h264,320,240");
    }

    private async Task RecordAsync(MediaSource source, string codecs, string expected, Func<Task>? during = null)
    {
        await using var recorder = new ClipRecorder(_host, source);
        await WaitAsync(async () => await recorder.KeptAsync() > TimeSpan.FromSeconds(0.7), $"{source.Name} gives pictures; {source.Fault}", 20);
        Assert.Equal(codecs, string.Join(',', source.Tracks.Select(t => t.Codec.Name.ToUpperInvariant())));
        if (during is not null) await during();
        var clip = Path.Combine(_folder, "clip.mp4");
        await recorder.RecordAsync(clip, TimeSpan.FromSeconds(0.5));
        Assert.Contains(expected, LoopbackNamespace.Run("ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", clip), StringComparison.Ordinal);
    }

    /// <summary>ffmpeg children of this process.</summary>
    private static List<int> Children() =>
    [
        .. Process.GetProcessesByName("ffmpeg").Select(p => p.Id).Where(id =>
        {
            try
            {
                return File.ReadAllText($"/proc/{id}/stat").Split(") ")[1].Split(' ')[1] == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                return false;
            }
        }),
    ];

    private async Task<int> StartRtspServerAsync(params string[] arguments)
    {
        var script = Path.Combine(_folder, "server.py");
        await File.WriteAllTextAsync(script, RtspServer);
        _peer = Process.Start(new ProcessStartInfo("/usr/bin/python3", [script, .. arguments]) { RedirectStandardOutput = true })!;
        var line = await _peer.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(15));
        return int.Parse(line!, CultureInfo.InvariantCulture);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static Task WaitAsync(Func<bool> condition, string what, double seconds = 10) => WaitAsync(() => Task.FromResult(condition()), what, seconds);

    private static async Task WaitAsync(Func<Task<bool>> condition, string what, double seconds = 10)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(seconds)) throw new TimeoutException($"Within {seconds} s: {what}.");
            await Task.Delay(50);
        }
    }
}
