namespace MediaRelay.Signaling.IO;

/// <summary>Turns a <see cref="TimeProvider"/> into the two times that the cores take.</summary>
internal sealed class MonotonicClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>Time since start; never jumps.</summary>
    public TimeSpan Now => time.GetElapsedTime(_start);

    /// <summary>The wall clock.</summary>
    public DateTimeOffset UtcNow => time.GetUtcNow();

    public TimeProvider Provider => time;
}
