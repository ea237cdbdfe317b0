namespace MediaRelay.Media.Congestion;

/// <summary>
/// Highest rate at which bytes arrived over 150 ms within the last second. While a queue stands before a narrow link, that is the link's rate, also
/// when the average is lower because the sender pauses between bursts.
/// </summary>
public sealed class PeakMeter
{
    private const int Steps = 32, Looked = 20, Span = 3;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly long[] _bytes = new long[Steps];
    private long _newest = -1;

    /// <summary>Counts bytes by the time of their arrival; late ones are left out.</summary>
    public void Add(int bytes, TimeSpan arrived)
    {
        var step = arrived.Ticks / Step.Ticks;
        if (step < 0 || step <= _newest - Looked) return;
        if (_newest < 0) _newest = step;
        for (var missed = Math.Min(step - _newest, Steps); missed > 0; missed--) _bytes[(step - missed + 1) % Steps] = 0;
        _newest = Math.Max(_newest, step);
        _bytes[step % Steps] += bytes;
    }

    /// <summary>The rate; 0 before the first byte.</summary>
    public long BitsPerSecond()
    {
        long most = 0;
        for (var end = Math.Max(Span - 1, _newest - Looked); end <= _newest; end++)
        {
            long sum = 0;
            for (var i = 0; i < Span; i++) sum += _bytes[(end - i) % Steps];
            most = Math.Max(most, sum);
        }
        return (long)(most * 8 / (Span * Step.TotalSeconds));
    }
}
