namespace MediaRelay.Gateway.Home;

/// <summary>What the home core wants done.</summary>
public abstract record HomeCommand
{
    /// <summary>Queue an event; its number and id are set by the queue.</summary>
    public sealed record Emit(SmaEvent Draft) : HomeCommand;

    /// <summary>Set a property through the device's adaptor and tell the core the outcome.</summary>
    public sealed record SetProperty(DeviceBody Device, string Name, string Value, string? Cause) : HomeCommand;

    /// <summary>Tell an adaptor about a new device.</summary>
    public sealed record AddDevice(DeviceBody Device) : HomeCommand;

    /// <summary>Tell an adaptor that a device is gone.</summary>
    public sealed record RemoveDevice(DeviceBody Device) : HomeCommand;

    /// <summary>Keep a value over restarts; null forgets it.</summary>
    public sealed record Keep(string Key, byte[]? Value) : HomeCommand;

    /// <summary>Hand an instruction to cameras and talk devices.</summary>
    public sealed record Media(Instruction Instruction) : HomeCommand;

    /// <summary>Fetch and apply configuration or firmware, reboot, or upload the log.</summary>
    public sealed record Provision(Instruction Instruction) : HomeCommand;
}
