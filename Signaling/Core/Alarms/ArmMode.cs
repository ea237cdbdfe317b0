namespace MediaRelay.Signaling.Alarms;

/// <summary>How a partition is armed.</summary>
public enum ArmMode
{
    /// <summary>Only 24-hour zones alarm.</summary>
    Off,

    /// <summary>People are at home: perimeter zones alarm.</summary>
    Stay,

    /// <summary>People sleep: as Stay, without an exit delay.</summary>
    Night,

    /// <summary>Nobody is at home: all zones alarm.</summary>
    Away,
}
