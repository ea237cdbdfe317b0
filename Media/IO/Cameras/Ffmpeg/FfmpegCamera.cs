using MediaRelay.Media.IO.Children;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Cameras.Ffmpeg;

/// <summary>A camera made by one ffmpeg child: a moving test picture with sound, or a file played in its own time, again and again.</summary>
public sealed class FfmpegCamera : ICamera
{
    private readonly string _program;
    private readonly Func<CancellationToken, Task<(IReadOnlyList<string> Input, bool Video, bool Audio)>> _describe;
    private readonly RtpCodec _audio;

    private FfmpegCamera(string name, string program, RtpCodec audio,
        Func<CancellationToken, Task<(IReadOnlyList<string> Input, bool Video, bool Audio)>> describe)
    {
        Name = name;
        _program = program;
        _audio = audio;
        _describe = describe;
    }

    public string Name { get; }

    /// <summary>A test picture with a running clock and a tone of 440 Hz that beeps every second.</summary>
    public static FfmpegCamera TestPicture(int width = 640, int height = 360, int framesPerSecond = 15, bool opus = false, string program = "ffmpeg")
    {
        string[] input =
        [
            "-re", "-f", "lavfi", "-i", $"testsrc2=size={width}x{height}:rate={framesPerSecond}",
            "-re", "-f", "lavfi", "-i", "sine=frequency=440:beep_factor=4:sample_rate=48000,volume=4",
        ];
        return new FfmpegCamera("test:", program, opus ? FfmpegOutputs.Opus : FfmpegOutputs.Pcmu,
            _ => Task.FromResult(((IReadOnlyList<string>)input, true, true)));
    }

    /// <summary>A media file in any format that ffmpeg reads, encoded anew so that every viewer can take it.</summary>
    public static FfmpegCamera File(string path, string program = "ffmpeg") =>
        new($"file:{Path.GetFileName(path)}", program, FfmpegOutputs.Pcmu, cancellation => ProbeAsync(path, cancellation));

    public async Task RunAsync(ICameraSink sink, CancellationToken cancellation)
    {
        var (input, hasVideo, hasAudio) = await _describe(cancellation);
        var tracks = new List<CameraTrack>();
        var ports = new List<RtpLoopback>();
        List<string> arguments = ["-hide_banner", "-loglevel", "error", "-nostdin", .. input];
        try
        {
            if (hasVideo) AddOutput(MediaKind.Video, FfmpegOutputs.H264);
            if (hasAudio) AddOutput(MediaKind.Audio, _audio);
            sink.HandleTracks(tracks, null);
            await using var child = await ChildProcess.StartAsync(_program, arguments);
            await child.Exited.WaitAsync(cancellation);
            throw new CameraException($"The ffmpeg child of {Name} ended: {child.Complaints}");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new CameraException($"ffmpeg cannot be started for {Name}: {e.Message}", e);
        }
        finally
        {
            foreach (var port in ports) port.Dispose();
        }

        void AddOutput(MediaKind kind, RtpCodec codec)
        {
            var track = new CameraTrack(tracks.Count, kind, codec);
            var port = new RtpLoopback();
            ports.Add(port);
            tracks.Add(track);
            port.Start((packet, isRtcp) =>
            {
                if (isRtcp) sink.HandleRtcp(track.Index, packet);
                else sink.HandleRtp(track.Index, packet);
            });
            arguments.AddRange(FfmpegOutputs.Arguments(codec));
            arguments.Add(port.OutputUrl);
        }
    }

    private static async Task<(IReadOnlyList<string> Input, bool Video, bool Audio)> ProbeAsync(string path, CancellationToken cancellation)
    {
        if (!System.IO.File.Exists(path)) throw new CameraException($"The file {Path.GetFileName(path)} does not exist.");
        await using var probe = await ChildProcess.StartAsync("ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", path);
        using var reader = new StreamReader(probe.Output);
        var kinds = await reader.ReadToEndAsync(cancellation);
        var video = kinds.Contains("video", StringComparison.Ordinal);
        var audio = kinds.Contains("audio", StringComparison.Ordinal);
        if (!video && !audio) throw new CameraException($"The file {Path.GetFileName(path)} holds neither picture nor sound.");
        return (["-re", "-stream_loop", "-1", "-i", path], video, audio);
    }
}
