namespace MediaRelay.Turn.IO;

/// <summary>At most a number of log lines per second and kind; what was held back is told with the next line that passes.</summary>
internal sealed class LogLimiter(int kinds, int perSecond, TimeProvider time)
{
    private readonly Window[] _windows = new Window[kinds];
    private readonly Lock _lock = new();

    /// <summary>True when a line may be written; <paramref name="held"/> is the number held back since the last one.</summary>
    public bool TryPass(int kind, out int held)
    {
        var second = time.GetTimestamp() / time.TimestampFrequency;
        lock (_lock)
        {
            ref var window = ref _windows[kind];
            if (window.Second != second)
            {
                window.Second = second;
                window.Count = 0;
            }

            held = 0;
            if (window.Count >= perSecond)
            {
                window.Held++;
                return false;
            }

            window.Count++;
            held = window.Held;
            window.Held = 0;
            return true;
        }
    }

    private struct Window
    {
        public long Second;
        public int Count;
        public int Held;
    }
}
