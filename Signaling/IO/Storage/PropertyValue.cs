namespace MediaRelay.Signaling.IO.Storage;

/// <summary>A device's property.</summary>
/// <param name="Gateway">The gateway.</param>
/// <param name="Device">The device's ref.</param>
/// <param name="Name">The property; empty together with a null value means all of the device.</param>
/// <param name="Value">The value; null removes it.</param>
/// <param name="At">Since when the device has it.</param>
/// <param name="Received">When the server learned it.</param>
public sealed record PropertyValue(string Gateway, string Device, string Name, string? Value, DateTimeOffset At, DateTimeOffset Received);
