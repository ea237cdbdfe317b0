namespace MediaRelay.Signaling.Sessions;

/// <summary>What the flow planner assumes where session descriptions are silent.</summary>
public sealed record FlowPlannerSettings
{
    /// <summary>Video in bit/s when neither side states a bandwidth.</summary>
    public int VideoBitsPerSecond { get; init; } = 2_000_000;

    /// <summary>Opus in bit/s when the receiver does not limit it.</summary>
    public int OpusBitsPerSecond { get; init; } = 40_000;

    /// <summary>Ceiling of one gate's rate in bit/s; what the subscriber's plan allows.</summary>
    public int MaxBitsPerSecond { get; init; } = 8_000_000;

    /// <summary>RTP packet of video in bytes, without what encryption and relay add.</summary>
    public int VideoPacketBytes { get; init; } = 1200;

    /// <summary>Session class priority of alarm look-ins, 1 to 7; other sessions have 0.</summary>
    public int AlarmPriority { get; init; } = 5;

    /// <summary>Application type in the AMID of all gates.</summary>
    public ushort ApplicationType { get; init; }

    /// <summary>Seconds for T1 to T4.</summary>
    public (ushort T1, ushort T2, ushort T3, ushort T4) Timers { get; init; } = (200, 300, 60, 30);
}
