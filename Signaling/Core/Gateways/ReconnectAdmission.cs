using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MediaRelay.Signaling.Gateways;

/// <summary>
/// Admits returning gateways at the rate the server can bear and spreads the others over a window (sma-sig-1 section 7, retry storm guard).
/// Requests that carry an alarm are always admitted; they take tokens that the others then lack.
/// </summary>
public sealed class ReconnectAdmission
{
    private readonly RandomNumberGenerator _random;
    private readonly RateBucket _bucket;
    private readonly double _rate;
    private readonly TimeSpan _spreadMost;
    private readonly TimeSpan _window;
    private TimeSpan _windowStart;
    private int _refusedInWindow;

    /// <summary>Creates the guard.</summary>
    /// <param name="rate">New sessions per second.</param>
    /// <param name="burst">New sessions at once.</param>
    /// <param name="spreadMost">The longest wait that is asked for.</param>
    /// <param name="random">Spreads the waits.</param>
    public ReconnectAdmission(double rate, double burst, TimeSpan spreadMost, RandomNumberGenerator random)
    {
        _random = random;
        _bucket = new RateBucket(rate, burst);
        _rate = rate;
        _spreadMost = spreadMost;
        _window = TimeSpan.FromSeconds(10);
    }

    /// <summary>New sessions that were told to come later.</summary>
    public long Refused { get; private set; }

    /// <summary>True when the session may start; else <paramref name="retryAfter"/> says when to come back.</summary>
    public bool TryAdmit(bool isAlarm, TimeSpan now, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        if (isAlarm)
        {
            _bucket.TakeAnyway(1, now);
            return true;
        }

        if (_bucket.TryTake(1, now, out _))
            return true;
        if (now - _windowStart > _window)
        {
            _windowStart = now;
            _refusedInWindow = 0;
        }

        // The spread grows with the number sent away, so that they return at the rate that can be served.
        _refusedInWindow++;
        Refused++;
        double spread = Math.Clamp(_refusedInWindow / _rate * 1.2, 1, _spreadMost.TotalSeconds);
        retryAfter = TimeSpan.FromSeconds(Math.Ceiling(1 + (spread * NextFraction())));
        return false;
    }

    private double NextFraction()
    {
        Span<byte> bytes = stackalloc byte[4];
        _random.GetBytes(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes) / (double)uint.MaxValue;
    }
}
