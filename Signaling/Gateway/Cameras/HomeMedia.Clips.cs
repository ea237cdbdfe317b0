using MediaRelay.Gateway.Session;
using MediaRelay.Media.IO;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Gateway.Cameras;

public sealed partial class HomeMedia
{
    private ResultBody? StartClip(Instruction instruction, ClipBody clip, IGatewayMediaReplies replies, CancellationToken cancellation)
    {
        if (clip.Camera is null || !_cameras.TryGetValue(clip.Camera, out CameraEntry? camera))
            return new ResultBody("refused", "camera-unknown", $"The home has no camera {clip.Camera}.");
        if (!_host.TryOpenSource(camera.Url, out MediaSource? source, out string error))
            return new ResultBody("refused", "camera-fault", $"Camera {clip.Camera} cannot be used: {error}");
        _ = RecordAsync(instruction, clip, source, replies, cancellation);
        return null;
    }

    private async Task RecordAsync(Instruction instruction, ClipBody clip, MediaSource source, IGatewayMediaReplies replies, CancellationToken cancellation)
    {
        string file = Path.Combine(Path.GetTempPath(), $"mediarelay-{Guid.NewGuid():N}");
        try
        {
            if (clip.Type == "image/jpeg")
            {
                byte[] picture = await _host.TakeSnapshotAsync(source, cancellation).ConfigureAwait(false);
                await File.WriteAllBytesAsync(file, picture, cancellation).ConfigureAwait(false);
            }
            else
            {
                TimeSpan length = clip is { From: { } from, To: { } to } && to > from ? to - from : TimeSpan.FromSeconds(20);
                await _host.RecordClipAsync(source, file, length, cancellation).ConfigureAwait(false);
            }

            await replies.UploadClipAsync(file, clip, instruction.Id, cancellation).ConfigureAwait(false);
            LogClip(clip.Id, clip.Camera!);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            replies.Send(SmaEventKinds.InstructionResult, new ResultBody("failed", "clip", $"The clip of camera {clip.Camera} could not be made: {e.Message}"), instruction.Id);
            LogClipFailed(clip.Id, clip.Camera!, e);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [LoggerMessage(5200, LogLevel.Information, "Clip {Clip} of camera {Camera} was made and uploaded.")]
    private partial void LogClip(string clip, string camera);

    [LoggerMessage(5201, LogLevel.Warning, "Clip {Clip} of camera {Camera} could not be made.")]
    private partial void LogClipFailed(string clip, string camera, Exception exception);
}
