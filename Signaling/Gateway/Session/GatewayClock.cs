namespace MediaRelay.Gateway.Session;

/// <summary>
/// The gateway's time: the system's until the Event Server has told its own, which the monotonic clock then carries on. The system's
/// clock is never set, and a step of it does not matter any more once the server has spoken.
/// </summary>
/// <remarks>
/// A system clock before <see cref="Era"/>, or before the gateway's certificate was made, is not set. The time is then 1970 plus the
/// time since the start, so that every time says by itself whether it is one (<see cref="IsUnset(DateTimeOffset)"/>).
/// </remarks>
/// <param name="time">The system's clocks.</param>
/// <param name="floor">A system clock before this is not set; <see cref="Era"/> when that is later.</param>
/// <param name="isUnset">True when the system's clock is not to be believed whatever it shows.</param>
public sealed class GatewayClock(TimeProvider time, DateTimeOffset floor, bool isUnset)
{
    /// <summary>No gateway of this program ran before it.</summary>
    public static readonly DateTimeOffset Era = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Less than this is the way of the answer, not a wrong clock.</summary>
    private static readonly TimeSpan s_tolerance = TimeSpan.FromSeconds(2);

    private readonly long _start = time.GetTimestamp();
    private volatile Anchor? _anchor;

    /// <summary>Time since the start.</summary>
    public TimeSpan Now => time.GetElapsedTime(_start);

    /// <summary>The time; in 1970 while no clock is set.</summary>
    public DateTimeOffset UtcNow => At(Now);

    /// <summary>True while neither the system nor the server has told the time.</summary>
    public bool IsClockUnset => IsUnset(UtcNow);

    /// <summary>True when the server has told its time.</summary>
    public bool IsServerTime => _anchor is not null;

    /// <summary>True for a time that was taken while no clock was set.</summary>
    public static bool IsUnset(DateTimeOffset time) => time < Era;

    /// <summary>The server told its time. Returns how far the clock was behind it; zero when it was right, or was told before.</summary>
    /// <param name="server">The server's time.</param>
    /// <param name="arrived">When the answer came, as <see cref="Now"/>.</param>
    public TimeSpan HandleServerTime(DateTimeOffset server, TimeSpan arrived)
    {
        DateTimeOffset mine = At(arrived);
        TimeSpan behind = server - mine;
        bool isRight = behind.Duration() <= s_tolerance, isFirst = _anchor is null;
        if (isFirst || !isRight)
            _anchor = new Anchor(isRight ? mine : server, arrived);
        return isFirst && !isRight ? behind : TimeSpan.Zero;
    }

    /// <summary>True when a message of the server that was made at this time does not fit the clock.</summary>
    public bool IsDoubtful(DateTimeOffset made) => (made - UtcNow).Duration() > s_tolerance;

    private DateTimeOffset At(TimeSpan now)
    {
        if (_anchor is { } anchor)
            return anchor.Server + (now - anchor.Arrived);
        DateTimeOffset system = time.GetUtcNow();
        return isUnset || system < Era || system < floor ? DateTimeOffset.UnixEpoch + now : system - (Now - now);
    }

    private sealed record Anchor(DateTimeOffset Server, TimeSpan Arrived);
}
