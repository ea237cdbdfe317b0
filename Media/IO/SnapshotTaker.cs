using MediaRelay.Media.Broker;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Children;
using MediaRelay.Media.IO.Sources;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO;

/// <summary>Takes still pictures of a source as JPEG: the newest one of a camera that sends pictures, else the newest key frame, decoded by one ffmpeg child.</summary>
public sealed class SnapshotTaker(MediaHost host)
{
    /// <summary>Takes a picture; connects the camera when nobody watches it. Throws <see cref="CameraException"/> when none comes in time.</summary>
    public async Task<byte[]> TakeAsync(MediaSource source, TimeSpan timeout, CancellationToken cancellation = default)
    {
        source.Enter();
        try
        {
            await source.WhenReady.WaitAsync(timeout, host.Time, cancellation);
            if (source.Tracks.Any(t => t.IsPictures))
            {
                for (var waited = TimeSpan.Zero; waited < timeout; waited += TimeSpan.FromMilliseconds(20))
                {
                    if (source.LastPicture is { } picture) return picture;
                    await Task.Delay(TimeSpan.FromMilliseconds(20), host.Time, cancellation);
                }
                throw new TimeoutException();
            }
            var frame = new KeyFrameCatcher();
            SourceSubscription? subscription = null;
            await host.Loop.InvokeAsync(() =>
                subscription = source.Subscribe(MediaKind.Video, [new NegotiatedCodec(KnownCodecs.H264(96), 96, 96)], frame, (stream, _) => frame.SetStream(stream, host.Loop.Now)));
            try
            {
                return await DecodeAsync(await frame.Caught.WaitAsync(timeout, host.Time, cancellation), cancellation);
            }
            finally
            {
                await host.Loop.InvokeAsync(() => source.Unsubscribe(subscription!));
            }
        }
        catch (TimeoutException e)
        {
            throw new CameraException($"Source {source.Name} gave no picture within {timeout.TotalSeconds:0} seconds.", e);
        }
        finally
        {
            source.Leave();
        }
    }

    private async Task<byte[]> DecodeAsync(byte[] keyFrame, CancellationToken cancellation)
    {
        await using var child = await ChildProcess.StartAsync(host.Options.FfmpegPath,
            "-hide_banner", "-loglevel", "error", "-f", "h264", "-i", "pipe:0", "-frames:v", "1", "-q:v", "3", "-f", "mjpeg", "pipe:1");
        var reading = ReadAllAsync(child, cancellation);
        try
        {
            await child.Input.WriteAsync(keyFrame, cancellation);
            child.Input.Close();
        }
        catch (IOException)
        {
            // The child ended early; what it complained about is told below.
        }
        var picture = await reading;
        return JpegStreamReader.TryMeasure(picture, out _) ? picture : throw new CameraException($"ffmpeg made no still picture: {child.Complaints}");
    }

    private static async Task<byte[]> ReadAllAsync(ChildProcess child, CancellationToken cancellation)
    {
        using var all = new MemoryStream();
        await child.Output.CopyToAsync(all, cancellation);
        return all.ToArray();
    }

    private sealed class KeyFrameCatcher : IStreamViewer
    {
        private readonly TaskCompletionSource<byte[]> _caught = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly byte[] _buffer = new byte[2048];
        private H264Depacketizer _pictures = new();
        private Viewer? _viewer;

        public Task<byte[]> Caught => _caught.Task;

        public void SetStream(SourceStream? stream, TimeSpan now)
        {
            _viewer = stream is null ? null : new Viewer(stream.Feed, new ViewerStream(1, 96, 0, 0));
            _pictures = new H264Depacketizer();
            Read(now);
        }

        public void HandlePublished(SourceStream stream, ReadOnlySpan<byte> packet, TimeSpan now) => Read(now);

        public void HandleRestart(SourceStream stream) => SetStream(stream, TimeSpan.Zero);

        private void Read(TimeSpan now)
        {
            if (_viewer is null || _caught.Task.IsCompleted) return;
            while (_viewer.TryNext(_buffer, now, out var length))
            {
                if (!RtpPacket.TryRead(_buffer.AsSpan(0, length), out var rtp) || _pictures.Add(rtp, out var frame) != DepacketizeStatus.Frame) continue;
                if (frame.IsKeyFrame && !frame.IsDamaged) _caught.TrySetResult(frame.Content.ToArray());
            }
        }
    }
}
