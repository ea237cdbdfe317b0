namespace MediaRelay.Signaling.Alarms;

/// <summary>A wish to arm a partition.</summary>
/// <param name="Mode">How.</param>
/// <param name="User">Who, as the log names them.</param>
/// <param name="ExitDelay">Time to leave.</param>
public sealed record ArmRequest(ArmMode Mode, string User, TimeSpan ExitDelay)
{
    /// <summary>How the wish came.</summary>
    public ArmOrigin Origin { get; init; }

    /// <summary>Entry delay of all delayed zones until the disarm; null leaves each its own.</summary>
    public TimeSpan? EntryDelay { get; init; }

    /// <summary>Zones left out until the disarm.</summary>
    public IReadOnlyCollection<ushort> Bypass { get; init; } = [];
}
