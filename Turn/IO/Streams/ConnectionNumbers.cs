namespace MediaRelay.Turn.IO.Streams;

/// <summary>Numbers of client connections, above 0 and unique among those alive (they come round after two thousand million).</summary>
internal sealed class ConnectionNumbers
{
    private int _last;

    public int Next()
    {
        var next = Interlocked.Increment(ref _last) & int.MaxValue;
        return next == 0 ? Next() : next;
    }
}
