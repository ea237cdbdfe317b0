namespace MediaRelay.Signaling.Alarms;

/// <summary>State of one partition.</summary>
public enum PartitionState
{
    /// <summary>Only 24-hour zones are watched.</summary>
    Disarmed,

    /// <summary>Armed; delayed zones may still be used to leave.</summary>
    ExitDelay,

    /// <summary>Armed and quiet.</summary>
    Armed,

    /// <summary>A delayed zone opened; disarm before the time ends.</summary>
    EntryDelay,

    /// <summary>An alarm was raised and nobody has disarmed since.</summary>
    Alarm,
}
