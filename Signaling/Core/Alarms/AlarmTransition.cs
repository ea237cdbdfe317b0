namespace MediaRelay.Signaling.Alarms;

/// <summary>Something that the panel did, for the event journal and for people.</summary>
/// <param name="Kind">Event kind of sma-sig-1, e.g. <c>alarm.raised</c>.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Zone">The zone, or null when it is about the partition.</param>
/// <param name="Code">Contact ID code, or null when none fits.</param>
/// <param name="IsRestore">True for the restore or closing form (qualifier 3), false for the new or opening form (qualifier 1).</param>
/// <param name="State">The partition's state afterwards.</param>
/// <param name="Words">One sentence that explains what happened and what follows.</param>
public sealed record AlarmTransition(string Kind, byte Partition, ushort? Zone, string? Code, bool IsRestore, PartitionState State, string Words);
