namespace MediaRelay.Signaling.Alarms;

/// <summary>What opening a zone means.</summary>
public enum ZoneKind
{
    /// <summary>Alarms at once while armed, e.g. a window.</summary>
    Instant,

    /// <summary>Gives time to leave after arming and time to disarm after coming home, e.g. the front door.</summary>
    Delayed,

    /// <summary>Alarms at any time, armed or not, e.g. smoke, panic, tamper.</summary>
    TwentyFourHour,
}
