namespace MediaRelay.Signaling.Alarms;

/// <summary>One zone of a partition.</summary>
/// <param name="Number">Zone number, 1 to 999 (Contact ID has three digits).</param>
/// <param name="Name">The name people see.</param>
/// <param name="Partition">The partition it belongs to.</param>
/// <param name="Kind">What opening it means.</param>
/// <param name="Code">Contact ID code that its alarm carries, e.g. 134 for an entry door, 111 for smoke.</param>
/// <param name="ArmedInStay">False for interior zones, which people cross while at home.</param>
/// <param name="EntryDelay">Time from opening to alarm when it is <see cref="ZoneKind.Delayed"/>; others ignore it.</param>
public sealed record Zone(ushort Number, string Name, byte Partition, ZoneKind Kind, string Code, bool ArmedInStay = true, TimeSpan EntryDelay = default);
