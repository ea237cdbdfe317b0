namespace MediaRelay.Tests.Support;

/// <summary>
/// A <see cref="TimeProvider"/> that moves only when told. Its frequency is 7,919,919 ticks per second on purpose: code that takes
/// time stamps for 100 ns ticks or milliseconds fails with it. Timers fire inside <see cref="Advance"/>, in order of their due times.
/// </summary>
public sealed class ManualTime : TimeProvider
{
    private const long OddFrequency = 7_919_919;
    private readonly Lock gate = new();
    private readonly List<ManualTimer> timers = [];
    private readonly DateTimeOffset origin;
    private TimeSpan elapsed;
    private long created;

    /// <summary>Starts at the given wall-clock time; default 2026-01-02T03:04:05Z.</summary>
    public ManualTime(DateTimeOffset? start = null) =>
        origin = start ?? new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>Offset of the wall clock against monotonic time; set it to simulate a clock step that timers must not feel.</summary>
    public TimeSpan WallClockStep { get; set; }

    /// <summary>Monotonic time since the start, as a core's <c>now</c>.</summary>
    public TimeSpan Elapsed
    {
        get { lock (gate) return elapsed; }
    }

    /// <summary>Number of timers that are armed.</summary>
    public int ArmedTimers
    {
        get { lock (gate) return timers.Count(t => t.Due is not null); }
    }

    public override long TimestampFrequency => OddFrequency;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long GetTimestamp() => (long)((Int128)Elapsed.Ticks * OddFrequency / TimeSpan.TicksPerSecond);

    public override DateTimeOffset GetUtcNow() => origin + Elapsed + WallClockStep;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        lock (gate)
        {
            var timer = new ManualTimer(this, callback, state, created++);
            timers.Add(timer);
            timer.Change(dueTime, period);
            return timer;
        }
    }

    /// <summary>Moves forward by <paramref name="by"/> and runs every timer that comes due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan target;
        lock (gate) target = elapsed + by;
        while (TakeNextDue(target) is { } due) due.Fire();
        lock (gate) elapsed = target > elapsed ? target : elapsed;
    }

    private ManualTimer? TakeNextDue(TimeSpan target)
    {
        lock (gate)
        {
            ManualTimer? next = null;
            foreach (var timer in timers)
            {
                if (timer.Due is not { } due || due > target) continue;
                if (next is null || due < next.Due || (due == next.Due && timer.Number < next.Number)) next = timer;
            }
            if (next is null) return null;
            if (next.Due > elapsed) elapsed = next.Due.Value;
            next.Rearm(elapsed);
            return next;
        }
    }

    private sealed class ManualTimer(ManualTime owner, TimerCallback callback, object? state, long number) : ITimer
    {
        private TimeSpan period = Timeout.InfiniteTimeSpan;

        public long Number { get; } = number;

        public TimeSpan? Due { get; private set; }

        public void Fire() => callback(state);

        public void Rearm(TimeSpan now) => Due = period > TimeSpan.Zero ? now + period : null;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner.gate)
            {
                if (!owner.timers.Contains(this)) return false;
                this.period = period;
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : owner.elapsed + dueTime;
                return true;
            }
        }

        public void Dispose()
        {
            lock (owner.gate)
            {
                Due = null;
                owner.timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
