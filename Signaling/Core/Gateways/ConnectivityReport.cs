namespace MediaRelay.Signaling.Gateways;

/// <summary>What a change of a gateway's presence becomes.</summary>
public enum ConnectivityReport
{
    /// <summary>Nothing is recorded.</summary>
    Nothing,

    /// <summary>An event of priority status.</summary>
    Event,

    /// <summary>An event of priority trouble.</summary>
    Trouble,

    /// <summary>The event, and an alarm while a partition of the home is armed; trouble otherwise.</summary>
    AlarmWhenArmed,

    /// <summary>The event, and an alarm.</summary>
    Alarm,
}
