using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MediaRelay.Signaling.Gateways;

/// <summary>
/// When a gateway tries again: 0.5 s x 2^k with full jitter, at most 30 s for alarms and 300 s otherwise; a Retry-After of the
/// server is obeyed (sma-sig-1 section 7).
/// </summary>
public sealed class RetryBackoff(RandomNumberGenerator random)
{
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan s_mostForAlarms = TimeSpan.FromSeconds(30);

    /// <summary>The longest wait without alarms that the gateway chooses by itself.</summary>
    public static readonly TimeSpan Most = TimeSpan.FromSeconds(300);

    private int _failures;

    /// <summary>Failures since the last success.</summary>
    public int Failures => _failures;

    /// <summary>
    /// How long a try to deliver an alarm may take, connecting included: 3 s for the first four tries, then twice as long after each failure, at most 20 s.
    /// While thousands return at once the server serves the newest connection first, so a fresh try gets in where an old one waits.
    /// </summary>
    public TimeSpan AlarmPatience => TimeSpan.FromSeconds(Math.Min(20, 3 * Math.Pow(2, Math.Max(0, _failures - 3))));

    /// <summary>A request was answered.</summary>
    public void HandleSuccess() => _failures = 0;

    /// <summary>A request failed; returns how long to wait.</summary>
    public TimeSpan HandleFailure(bool hasAlarm, TimeSpan? retryAfter)
    {
        _failures = Math.Min(_failures + 1, 30);
        TimeSpan most = hasAlarm ? s_mostForAlarms : Most;
        if (retryAfter is { } told)
            return hasAlarm && told > s_mostForAlarms ? s_mostForAlarms : told;
        double ceiling = Math.Min(most.TotalSeconds, s_first.TotalSeconds * Math.Pow(2, _failures - 1));
        Span<byte> bytes = stackalloc byte[4];
        random.GetBytes(bytes);
        double fraction = BinaryPrimitives.ReadUInt32LittleEndian(bytes) / (double)uint.MaxValue;
        return TimeSpan.FromSeconds(Math.Max(0.05, ceiling * fraction));
    }
}
