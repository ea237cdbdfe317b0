namespace MediaRelay.Signaling.Alarms;

/// <summary>Whether a zone is left out of arming.</summary>
public enum BypassMode
{
    /// <summary>It is watched.</summary>
    Off,

    /// <summary>It is left out until the next disarm.</summary>
    Once,

    /// <summary>It is left out until somebody takes it back.</summary>
    Always,
}
