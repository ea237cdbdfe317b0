using System.Collections.Concurrent;

namespace MediaRelay.Gateway.Sensors;

/// <summary>Devices without hardware: they keep what is set, and change by themselves when a rate is given.</summary>
/// <param name="changesPerMinute">Changes per minute of all devices together; 0 means only what is set or reported by hand.</param>
/// <param name="seed">Seed of the changes.</param>
public sealed class SimulatedAdaptor(double changesPerMinute = 0, int seed = 1) : ISensorAdaptor
{
    private readonly ConcurrentDictionary<string, DeviceBody> _devices = new(StringComparer.Ordinal);
    private IDeviceReports? _reports;

    public string Protocol => "simulated";

    public async Task StartAsync(IDeviceReports reports, CancellationToken stopping)
    {
        _reports = reports;
        foreach (DeviceBody device in _devices.Values)
            Begin(device);
        if (changesPerMinute <= 0)
            return;
#pragma warning disable CA5394 // A simulated sensor needs repeatable values, not secret ones.
        var random = new Random(seed);
        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMinutes(-Math.Log(1 - random.NextDouble()) / changesPerMinute), stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            DeviceBody[] all = [.. _devices.Values];
            if (all.Length > 0 && !stopping.IsCancellationRequested)
                Change(all[random.Next(all.Length)], random);
        }
#pragma warning restore CA5394
    }

    public void Add(DeviceBody device)
    {
        _devices[device.Ref] = device;
        Begin(device);
    }

    public void Remove(string device) => _devices.TryRemove(device, out _);

    public Task<string?> SetAsync(string device, string name, string value, CancellationToken cancellation)
    {
        if (!_devices.ContainsKey(device))
            return Task.FromResult<string?>("The device is not there.");
        _reports?.Report(device, name, value);
        return Task.FromResult<string?>(null);
    }

    /// <summary>Reports the values that the configuration gives a device to begin with.</summary>
    private void Begin(DeviceBody device)
    {
        foreach (DeviceProperty property in device.Properties)
            _reports?.Report(device.Ref, property.Name, property.Value);
    }

#pragma warning disable CA5394
    private void Change(DeviceBody device, Random random)
    {
        (string name, string value) = device.Type switch
        {
            "contact" => ("contact", random.Next(2) == 0 ? "open" : "closed"),
            "motion" => ("motion", random.Next(2) == 0 ? "yes" : "no"),
            "thermometer" => ("temperature", (18 + (random.Next(80) / 10.0)).ToString("0.0", System.Globalization.CultureInfo.InvariantCulture)),
            "light" => ("on", random.Next(2) == 0 ? "true" : "false"),
            "lock" => ("locked", random.Next(2) == 0 ? "true" : "false"),
            _ => ("state", random.Next(10).ToString(System.Globalization.CultureInfo.InvariantCulture)),
        };
        _reports?.Report(device.Ref, name, value);
    }
#pragma warning restore CA5394
}
