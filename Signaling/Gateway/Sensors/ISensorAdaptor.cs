namespace MediaRelay.Gateway.Sensors;

/// <summary>The one interface to sensor and control networks: it reports values and sets them.</summary>
public interface ISensorAdaptor
{
    /// <summary>The protocol name that devices carry, e.g. <c>simulated</c>.</summary>
    string Protocol { get; }

    /// <summary>Starts the network; values and losses go to <paramref name="reports"/> from any thread.</summary>
    Task StartAsync(IDeviceReports reports, CancellationToken stopping);

    /// <summary>A device is to be spoken to from now on.</summary>
    void Add(DeviceBody device);

    /// <summary>A device is not to be spoken to any more.</summary>
    void Remove(string device);

    /// <summary>Sets a property; null when done, else one sentence that says why not. The new value is also reported.</summary>
    Task<string?> SetAsync(string device, string name, string value, CancellationToken cancellation);
}
