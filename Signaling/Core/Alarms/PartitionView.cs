namespace MediaRelay.Signaling.Alarms;

/// <summary>One partition as people see it.</summary>
/// <param name="Number">The partition.</param>
/// <param name="State">Its state.</param>
/// <param name="Mode">How it is armed.</param>
/// <param name="Until">When the running exit or entry delay ends (monotonic), or null.</param>
/// <param name="Open">Zones that are open now.</param>
/// <param name="Bypassed">Zones left out until the next disarm.</param>
/// <param name="AlarmZones">Zones that raised an alarm since the last disarm, oldest first.</param>
public sealed record PartitionView(byte Number, PartitionState State, ArmMode Mode, TimeSpan? Until, IReadOnlyList<ushort> Open, IReadOnlyList<ushort> Bypassed, IReadOnlyList<ushort> AlarmZones);
