namespace MediaRelay.Media.IO.Cameras;

/// <summary>One way of getting pictures and sound: RTSP, MJPEG over HTTP, a test picture, a file.</summary>
public interface ICamera
{
    /// <summary>What logs and statistics call this camera; never holds a password.</summary>
    string Name { get; }

    /// <summary>
    /// Connects and delivers to the sink until cancelled. Throws <see cref="CameraException"/> when the camera cannot be reached,
    /// refuses, or falls silent; the caller decides when to try again.
    /// </summary>
    Task RunAsync(ICameraSink sink, CancellationToken cancellation);
}
