namespace MediaRelay.Signaling.Contract;

/// <summary>A named value of a device.</summary>
/// <param name="Name">Identifier of the property, e.g. <c>contact</c>.</param>
/// <param name="Value">Its value, at most 4096 characters; empty in a request to read it.</param>
/// <param name="At">When the device took this value; null when unknown.</param>
public sealed record DeviceProperty(string Name, string Value, DateTimeOffset? At = null);
