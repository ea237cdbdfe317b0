namespace MediaRelay.Signaling.Contract;

/// <summary>One part of the answer to a home query; the parts belong together by their cause.</summary>
/// <param name="Part">Number of this part, 1 is the first.</param>
/// <param name="Of">Number of parts.</param>
/// <param name="Devices">At most 128 devices.</param>
public sealed record HomeSnapshot(ushort Part, ushort Of, IReadOnlyList<DeviceBody> Devices) : MessageBody;
