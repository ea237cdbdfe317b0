using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MediaRelay.Signaling.Gateways;

/// <summary>
/// Admits returning gateways at the rate the server can bear and gives each of the others a time of its own (sma-sig-1 section 7, retry
/// storm guard). Requests that carry an alarm are always admitted; they take tokens that the others then lack.
/// </summary>
/// <remarks>
/// Times are booked one behind the other at the rate, and while some are booked who has none waits behind them. So a gateway is sent away
/// once, comes at its time and is let in, and all are back when the rate allows it. Those for whom no time is left within the longest
/// wait come at any time of its second half and are seen anew.
/// </remarks>
public sealed class ReconnectAdmission
{
    /// <summary>A booked time holds this much longer: waits are whole seconds, and a handshake has to wait for its turn.</summary>
    public static readonly TimeSpan Lateness = TimeSpan.FromSeconds(30);

    private readonly RandomNumberGenerator _random;
    private readonly RateBucket _bucket;
    private readonly TimeSpan _step;
    private readonly TimeSpan _spreadMost;
    private TimeSpan _booked;

    /// <summary>Creates the guard.</summary>
    /// <param name="rate">New sessions per second.</param>
    /// <param name="burst">New sessions at once.</param>
    /// <param name="spreadMost">The longest wait that is asked for.</param>
    /// <param name="random">Spreads the waits of those for whom no time is left.</param>
    public ReconnectAdmission(double rate, double burst, TimeSpan spreadMost, RandomNumberGenerator random)
    {
        _random = random;
        _bucket = new RateBucket(rate, burst);
        _step = TimeSpan.FromSeconds(1 / rate);
        _spreadMost = spreadMost;
    }

    /// <summary>New sessions that were told to come later.</summary>
    public long Refused { get; private set; }

    /// <summary>True when the session may start; else <paramref name="retryAfter"/> says when to come back.</summary>
    /// <param name="isAlarm">The request carries an alarm.</param>
    /// <param name="booked">The time that this gateway was given before; null when it has none.</param>
    /// <param name="now">The time.</param>
    /// <param name="retryAfter">The wait, zero when admitted.</param>
    /// <param name="slot">The time that belongs to the gateway from now on, to be given back as <paramref name="booked"/>.</param>
    public bool TryAdmit(bool isAlarm, TimeSpan? booked, TimeSpan now, out TimeSpan retryAfter, out TimeSpan? slot)
    {
        retryAfter = TimeSpan.Zero;
        slot = null;
        if (isAlarm)
        {
            slot = booked;
            _bucket.TakeAnyway(1, now);
            return true;
        }

        bool isHeld = booked is { } time && now <= time + Lateness;
        if (isHeld && now >= booked!.Value)
        {
            _bucket.TakeAnyway(1, now);
            return true;
        }

        if (!isHeld && _booked <= now && _bucket.TryTake(1, now, out _))
            return true;
        Refused++;
        slot = isHeld ? booked : Book(now);
        TimeSpan wait = slot is { } mine ? mine - now : _spreadMost * (0.5 + (NextFraction() / 2));
        retryAfter = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(wait.TotalSeconds)));
        return false;
    }

    private TimeSpan? Book(TimeSpan now)
    {
        TimeSpan next = (_booked > now ? _booked : now) + _step;
        if (next > now + _spreadMost)
            return null;
        _booked = next;
        return next;
    }

    private double NextFraction()
    {
        Span<byte> bytes = stackalloc byte[4];
        _random.GetBytes(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes) / (double)uint.MaxValue;
    }
}
