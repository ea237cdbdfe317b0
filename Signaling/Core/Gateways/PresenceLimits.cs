namespace MediaRelay.Signaling.Gateways;

/// <summary>The times of <see cref="GatewayPresence"/> (sma-sig-1 section 7, heartbeat).</summary>
/// <param name="Silence">Silence after which a gateway is suspect.</param>
/// <param name="ResetGrace">Time for a new connection after the last one was reset.</param>
/// <param name="Lost">Silence, or time since the reset, after which it is lost.</param>
public sealed record PresenceLimits(TimeSpan Silence, TimeSpan ResetGrace, TimeSpan Lost)
{
    /// <summary>45 s, 1 s, 60 s.</summary>
    public static PresenceLimits Default { get; } = new(TimeSpan.FromSeconds(45), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
}
