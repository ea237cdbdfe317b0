namespace MediaRelay.Turn.Limits;

/// <summary>
/// A rate with a burst, kept in one number: the time until which the bucket is spoken for (generic cell rate algorithm).
/// A default value is a full bucket.
/// </summary>
/// <remarks>Units inside are 1/256 of 100 ns, so 8 Mbit/s is 2560 units per byte and rounding stays below 0.04 %.</remarks>
public struct TokenBucket
{
    private long _filled;

    /// <summary>The cost of one token at <paramref name="perSecond"/> tokens a second.</summary>
    public static long CostOf(double perSecond) => Math.Max(1, (long)(TimeSpan.TicksPerSecond * 256.0 / perSecond));

    /// <summary>Takes <paramref name="tokens"/> tokens; false, and nothing taken, when fewer are there.</summary>
    public bool TryTake(TimeSpan now, long tokens, long cost, long burst)
    {
        var time = now.Ticks << 8;
        var filled = Math.Max(_filled, time) + (tokens * cost);
        if (filled - time > burst * cost)
        {
            return false;
        }

        _filled = filled;
        return true;
    }

    /// <summary>As <see cref="TryTake"/> for a bucket that several shards spend from, without a lock.</summary>
    internal static bool TryTakeShared(ref TokenBucket bucket, TimeSpan now, long tokens, long cost, long burst)
    {
        var time = now.Ticks << 8;
        while (true)
        {
            var seen = Volatile.Read(ref bucket._filled);
            var filled = Math.Max(seen, time) + (tokens * cost);
            if (filled - time > burst * cost)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref bucket._filled, filled, seen) == seen)
            {
                return true;
            }
        }
    }

    /// <summary>True when nothing is owed any more, so that the bucket equals a new one.</summary>
    public readonly bool IsFull(TimeSpan now) => _filled <= now.Ticks << 8;

    /// <summary>Orders buckets by how much is left; larger is emptier.</summary>
    internal readonly long Filled => _filled;
}
