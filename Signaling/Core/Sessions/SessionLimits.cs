namespace MediaRelay.Signaling.Sessions;

/// <summary>Time limits of a media session.</summary>
public sealed record SessionLimits
{
    /// <summary>How long the gateway may take to answer; 8 s.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long from the answer until media flows; 20 s.</summary>
    public TimeSpan ConnectWithin { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Longest session; 30 min.</summary>
    public TimeSpan MaxDuration { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The gateway ends a session by itself that nobody refreshed for this long; 60 s.</summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>When on, the answer is held until the gates are committed, for at most this long. Null: media never waits for a gate.</summary>
    public TimeSpan? RequireGateWithin { get; init; }
}
