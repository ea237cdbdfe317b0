using MediaRelay.Gateway.Session;
using MediaRelay.Media.IO;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Gateway.Cameras;

public sealed partial class HomeMedia
{
    private static readonly TimeSpan s_still = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);
    private readonly Dictionary<string, ClipRecorder> _recorders = new(StringComparer.Ordinal);
    private string? _clipFolder;

    /// <summary>Connects every camera and keeps its last seconds, so that a look-in starts at once and a clip starts before it was asked for.</summary>
    public void KeepReady()
    {
        lock (_recorders)
        {
            foreach (var (id, camera) in _cameras)
            {
                if (_recorders.ContainsKey(id))
                    continue;
                if (_host.TryOpenSource(camera.Url, out MediaSource? source, out string error))
                    _recorders[id] = new ClipRecorder(_host, source);
                else
                    LogCameraFault(id, error);
            }
        }
    }

    private async Task<ResultBody?> ClipAsync(Instruction instruction, ClipBody clip, IGatewayMediaReplies replies, CancellationToken cancellation)
    {
        if (clip.Camera is null || !_cameras.TryGetValue(clip.Camera, out CameraEntry? camera))
            return new ResultBody("refused", "camera-unknown", $"The home has no camera {clip.Camera}.");
        if (!_host.TryOpenSource(camera.Url, out MediaSource? source, out string error))
            return new ResultBody("refused", "camera-fault", $"Camera {clip.Camera} cannot be used: {error}");
        return await RecordAsync(instruction, clip, source, replies, cancellation).ConfigureAwait(false);
    }

    /// <summary>Null when the server has the clip, else why it has none.</summary>
    private async Task<ResultBody?> RecordAsync(Instruction instruction, ClipBody clip, MediaSource source, IGatewayMediaReplies replies, CancellationToken cancellation)
    {
        string? file = null;
        try
        {
            file = NewClipFile();
            if (clip.Type == "image/jpeg")
            {
                byte[] picture = await new SnapshotTaker(_host).TakeAsync(source, s_still, cancellation).ConfigureAwait(false);
                await File.WriteAllBytesAsync(file, picture, cancellation).ConfigureAwait(false);
            }
            else
            {
                await RecordAsync(clip, source, file, cancellation).ConfigureAwait(false);
            }

            await replies.UploadClipAsync(file, clip, instruction.Id, cancellation).ConfigureAwait(false);
            LogClip(clip.Id, clip.Camera!);
            return null;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogClipFailed(clip.Id, clip.Camera!, e);
            return new ResultBody("failed", "clip", $"The clip of camera {clip.Camera} could not be made: {e.Message}");
        }
        finally
        {
            if (file is not null)
                File.Delete(file);
        }
    }

    /// <summary>What was kept from before counts towards the length that is asked for.</summary>
    private async Task RecordAsync(ClipBody clip, MediaSource source, string file, CancellationToken cancellation)
    {
        TimeSpan wanted = clip is { From: { } from, To: { } to } && to > from ? to - from : TimeSpan.FromSeconds(20);
        ClipRecorder? kept;
        lock (_recorders)
            _recorders.TryGetValue(clip.Camera!, out kept);
        if (kept is not null)
        {
            TimeSpan rest = wanted - await kept.KeptAsync().ConfigureAwait(false);
            await kept.RecordAsync(file, rest > TimeSpan.FromSeconds(0.5) ? rest : TimeSpan.FromSeconds(0.5), cancellation).ConfigureAwait(false);
            return;
        }

        await using var recorder = new ClipRecorder(_host, source);
        // The tracks are known before the first picture, and a clip begins with one.
        for (long start = _time.GetTimestamp(); _time.GetElapsedTime(start) < s_still && await recorder.KeptAsync().ConfigureAwait(false) == TimeSpan.Zero;)
            await Task.Delay(s_look, _time, cancellation).ConfigureAwait(false);
        await recorder.RecordAsync(file, wanted, cancellation).ConfigureAwait(false);
    }

    /// <summary>An empty file that no other user of the machine can read, in a folder that none can enter.</summary>
    private string NewClipFile()
    {
        lock (_recorders)
            _clipFolder ??= Directory.CreateTempSubdirectory("mediarelay-").FullName;
        string file = Path.Combine(_clipFolder, Guid.NewGuid().ToString("N"));
        using (new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            return file;
    }

    [LoggerMessage(5200, LogLevel.Information, "Clip {Clip} of camera {Camera} was made and uploaded.")]
    private partial void LogClip(string clip, string camera);

    [LoggerMessage(5202, LogLevel.Warning, "Camera {Camera} cannot be used: {Error}")]
    private partial void LogCameraFault(string camera, string error);

    [LoggerMessage(5201, LogLevel.Warning, "Clip {Clip} of camera {Camera} could not be made.")]
    private partial void LogClipFailed(string clip, string camera, Exception exception);
}
