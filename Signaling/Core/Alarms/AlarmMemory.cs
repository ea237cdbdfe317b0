namespace MediaRelay.Signaling.Alarms;

/// <summary>An alarm that nobody has cancelled yet.</summary>
/// <param name="Zone">The zone.</param>
/// <param name="Code">The code that it was raised with.</param>
/// <param name="IsRestored">True when the zone closed again.</param>
public sealed record AlarmMemory(ushort Zone, string Code, bool IsRestored);
