using FFMpegCore;
using FFMpegCore.Exceptions;
using MediaRelay.Media.IO.Children;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Cameras.Ffmpeg;

/// <summary>A camera made by one ffmpeg child: a moving test picture with sound, or a file played in its own time, again and again.</summary>
public sealed class FfmpegCamera : ICamera
{
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(10);

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
        new($"file:{Path.GetFileName(path)}", program, FfmpegOutputs.Pcmu, cancellation => ProbeAsync(path, program, cancellation));

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

    private static async Task<(IReadOnlyList<string> Input, bool Video, bool Audio)> ProbeAsync(string path, string program, CancellationToken cancellation)
    {
        var name = Path.GetFileName(path);
        if (!System.IO.File.Exists(path)) throw new CameraException($"The file {name} does not exist.");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(ProbeLimit);
        try
        {
            var found = await FFProbe.AnalyseAsync(path, new FFOptions { BinaryFolder = Path.GetDirectoryName(program) ?? "" }, cancellationToken: limit.Token);
            // The cover of a piece of music is told as a picture stream of one frame.
            var video = found.VideoStreams.Any(s => s.Disposition?.GetValueOrDefault("attached_pic") is not true);
            var audio = found.AudioStreams.Count > 0;
            if (!video && !audio) throw new CameraException($"The file {name} holds neither picture nor sound.");
            return ((string[])["-re", "-stream_loop", "-1", "-i", path], video, audio);
        }
        catch (FFMpegException e)
        {
            throw new CameraException($"The file {name} cannot be read by ffprobe: it is no media file, or is damaged.", e);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CameraException($"The file {name} was not understood by ffprobe within {ProbeLimit.TotalSeconds:0} s.");
        }
    }
}
