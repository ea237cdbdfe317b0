namespace MediaRelay.Gateway.Home;

/// <summary>What the home core wants done.</summary>
public abstract record HomeCommand
{
    /// <summary>Queue an event; its number and id are set by the queue.</summary>
    public sealed record Emit(SmaEvent Draft) : HomeCommand;

    /// <summary>Set properties through the device's adaptor, one after the other, and tell the core the outcome.</summary>
    /// <param name="Device">The device.</param>
    /// <param name="Properties">What is set.</param>
    /// <param name="Cause">The instruction that wants it; null when a directive does.</param>
    /// <param name="Directive">The directive that wants it; null when an instruction does.</param>
    public sealed record SetProperty(DeviceBody Device, IReadOnlyList<DeviceProperty> Properties, string? Cause, string? Directive = null) : HomeCommand;

    /// <summary>Tell an adaptor about a new device.</summary>
    public sealed record AddDevice(DeviceBody Device) : HomeCommand;

    /// <summary>Tell an adaptor that a device is gone.</summary>
    public sealed record RemoveDevice(DeviceBody Device) : HomeCommand;

    /// <summary>Keep a value over restarts; null forgets it.</summary>
    public sealed record Keep(string Key, byte[]? Value) : HomeCommand;

    /// <summary>Hand an instruction to cameras and talk devices; a directive's own has its name and no result.</summary>
    public sealed record Media(Instruction Instruction, string? Directive = null) : HomeCommand;

    /// <summary>Fetch and apply configuration or firmware, reboot, or upload the log.</summary>
    public sealed record Provision(Instruction Instruction) : HomeCommand;
}
