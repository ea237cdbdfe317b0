namespace MediaRelay.Signaling.IO.Authority;

/// <summary>Counts failures per subject in a table of fixed size; a full table makes subjects share a count, never forget one.</summary>
internal sealed class FailureLimiter(int perMinute)
{
    private const int Slots = 65_536;

    private readonly Lock _lock = new();
    private readonly (int Count, int Minute)[] _slots = new (int, int)[Slots];

    public bool IsAllowed(string subject, TimeSpan now)
    {
        lock (_lock)
        {
            ref (int Count, int Minute) slot = ref Slot(subject);
            return slot.Minute != (int)now.TotalMinutes || slot.Count < perMinute;
        }
    }

    public void Count(string subject, TimeSpan now)
    {
        lock (_lock)
        {
            ref (int Count, int Minute) slot = ref Slot(subject);
            int minute = (int)now.TotalMinutes;
            slot = slot.Minute == minute ? (slot.Count + 1, minute) : (1, minute);
        }
    }

    // string.GetHashCode is keyed per process, so a stranger cannot aim at another's slot.
    private ref (int Count, int Minute) Slot(string subject) => ref _slots[(uint)subject.GetHashCode(StringComparison.Ordinal) % Slots];
}
