namespace MediaRelay.Media.Congestion;

/// <summary>Bits per second over the last two seconds, in twenty steps; it begins anew after a pause of that length. Nothing is allocated after construction.</summary>
public sealed class RateMeter
{
    private const int Steps = 20;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly long[] _bytes = new long[Steps];
    private long _newest = -1;
    private long _first = -1;
    private long _last;

    /// <summary>Counts bytes that passed now.</summary>
    public void Add(int bytes, TimeSpan now)
    {
        if (_newest >= 0 && now.Ticks / Step.Ticks - _last > Steps) _first = -1;
        Advance(now);
        _last = _newest;
        if (_first < 0) _first = _newest;
        _bytes[_newest % Steps] += bytes;
    }

    /// <summary>The rate; 0 before the first half second, when it says nothing yet.</summary>
    public long BitsPerSecond(TimeSpan now)
    {
        if (_first < 0) return 0;
        Advance(now);
        var steps = Math.Min(Steps, _newest - _first + 1);
        if (steps < 5) return 0;
        long sum = 0;
        foreach (var bytes in _bytes) sum += bytes;
        return (long)(sum * 8 / (steps * Step.TotalSeconds));
    }

    private void Advance(TimeSpan now)
    {
        var step = now.Ticks / Step.Ticks;
        if (_newest < 0) _newest = step;
        for (var missed = Math.Min(step - _newest, Steps); missed > 0; missed--) _bytes[(step - missed + 1) % Steps] = 0;
        _newest = Math.Max(_newest, step);
    }
}
