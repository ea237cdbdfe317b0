namespace MediaRelay.Turn.Limits;

/// <summary>
/// Token buckets for any number of keys in a fixed table of 65,536 entries. Each key has two places; a key that finds both taken by
/// others spends from the fuller of the two, so an unknown key never gets a fresh budget and nothing is ever allocated.
/// Several shards may share a table without a lock: a place changes hands and is spent from by compare-and-swap. Who loses a race for a
/// place spends from what the winner holds, which is never a fresh budget either.
/// </summary>
internal sealed class BucketTable
{
    private const int Size = 65_536;

    private readonly Entry[] _entries = new Entry[Size];
    private readonly long _cost;
    private readonly long _burst;

    public BucketTable(double perSecond, long burst)
    {
        _cost = TokenBucket.CostOf(perSecond);
        _burst = burst;
    }

    public bool TryTake(ulong key, TimeSpan now) => TokenBucket.TryTakeShared(ref Find(key, now), now, 1, _cost, _burst);

    private ref TokenBucket Find(ulong key, TimeSpan now)
    {
        key |= 1; // 0 marks an empty entry
        ref var first = ref _entries[(int)(key >> 48)];
        ref var second = ref _entries[(int)(key >> 32) & (Size - 1)];
        var owner = Volatile.Read(ref first.Key);
        if (owner == key)
        {
            return ref first.Bucket;
        }

        var other = Volatile.Read(ref second.Key);
        if (other == key)
        {
            return ref second.Bucket;
        }

        // A bucket that has filled up again is worth no more than a new one: it may change hands.
        if (first.Bucket.IsFull(now))
        {
            _ = Interlocked.CompareExchange(ref first.Key, key, owner);
            return ref first.Bucket;
        }

        if (second.Bucket.IsFull(now))
        {
            _ = Interlocked.CompareExchange(ref second.Key, key, other);
            return ref second.Bucket;
        }

        return ref first.Bucket.Filled <= second.Bucket.Filled ? ref first.Bucket : ref second.Bucket;
    }

    private struct Entry
    {
        public ulong Key;
        public TokenBucket Bucket;
    }
}
