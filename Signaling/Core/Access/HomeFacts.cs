namespace MediaRelay.Signaling.Access;

/// <summary>What the policy needs to know of a home at the moment of asking.</summary>
public sealed record HomeFacts
{
    /// <summary>The home.</summary>
    public required string Home { get; init; }

    /// <summary>When the last alarm signal of an alarm that is still open came in; null when no alarm is open.</summary>
    public DateTimeOffset? LastAlarmSignal { get; init; }

    /// <summary>True when the open alarm was raised with the home armed away.</summary>
    public bool AlarmWhileAway { get; init; }

    /// <summary>End of the look-in window when a supervisor extended it.</summary>
    public DateTimeOffset? WindowExtendedUntil { get; init; }

    /// <summary>Grants for this home, open or not.</summary>
    public IReadOnlyList<AccessGrant> Grants { get; init; } = [];

    /// <summary>The rule of the camera that is asked for; null when no camera is.</summary>
    public CameraRule? Camera { get; init; }
}
