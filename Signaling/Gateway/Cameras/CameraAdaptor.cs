using MediaRelay.Gateway.Sensors;

namespace MediaRelay.Gateway.Cameras;

/// <summary>Cameras as devices: says which of them take the viewer's voice. Their pictures go another way (<see cref="HomeMedia"/>).</summary>
/// <param name="cameras">Cameras by their device ref.</param>
public sealed class CameraAdaptor(IReadOnlyDictionary<string, CameraEntry> cameras) : ISensorAdaptor
{
    public string Protocol => "media";

    public Task StartAsync(IDeviceReports reports, CancellationToken stopping)
    {
        foreach (var (id, camera) in cameras)
            reports.Report(id, "talk", camera.TalkBack is not null || camera.Url.StartsWith("rtsp", StringComparison.Ordinal) ? "true" : "false");
        return Task.Delay(Timeout.Infinite, stopping).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    public void Add(DeviceBody device)
    {
        // The configuration file names the cameras.
    }

    public void Remove(string device)
    {
        // The configuration file names the cameras.
    }

    public Task<string?> SetAsync(string device, string name, string value, CancellationToken cancellation) => Task.FromResult<string?>("A camera's settings are made in the gateway's configuration.");
}
