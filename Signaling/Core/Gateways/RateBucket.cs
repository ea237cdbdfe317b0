namespace MediaRelay.Signaling.Gateways;

/// <summary>A token bucket: a rate per second and a burst.</summary>
/// <param name="rate">Tokens per second.</param>
/// <param name="burst">Tokens that pile up at most; the bucket starts full.</param>
public sealed class RateBucket(double rate, double burst)
{
    private double _tokens = double.PositiveInfinity;
    private TimeSpan? _last;

    /// <summary>Takes tokens when there are enough; else says after which time there will be.</summary>
    public bool TryTake(double count, TimeSpan now, out TimeSpan wait)
    {
        double elapsed = _last is { } last ? Math.Max(0, (now - last).TotalSeconds) : 0;
        _tokens = Math.Min(burst, _tokens + (elapsed * rate));
        _last = now;
        count = Math.Min(count, burst);
        if (_tokens >= count)
        {
            _tokens -= count;
            wait = TimeSpan.Zero;
            return true;
        }

        wait = TimeSpan.FromSeconds((count - _tokens) / rate);
        return false;
    }

    /// <summary>Takes tokens that may not be there; later requests pay for them.</summary>
    public void TakeAnyway(double count, TimeSpan now)
    {
        if (!TryTake(count, now, out _))
            _tokens = Math.Max(-burst, _tokens - count);
    }
}
