namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>
/// The newest committed events, kept in memory so that what follows the journal closely does not read back and parse what this process
/// has just written. It is a shortcut only: whoever asks for something older reads the database.
/// </summary>
internal sealed class RecentEvents(int maxEvents = RecentEvents.Events, int maxOctets = RecentEvents.Octets)
{
    private const int Events = 8192;
    private const int Octets = 8 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly (StoredEvent Event, int Octets)[] _slots = new (StoredEvent, int)[maxEvents];
    private long _first = 1;
    private long _last;
    private int _octets;

    /// <summary>Adds an event that is durable. A place that does not follow the last one starts anew, so that a reader never skips one.</summary>
    public void Add(StoredEvent stored, int octets)
    {
        lock (_lock)
        {
            if (stored.Position != _last + 1)
                Drop(stored.Position);
            _last = stored.Position;
            _octets += octets;
            while (_last - _first >= maxEvents || (_octets > maxOctets && _first < _last))
                DropOldest();

            _slots[Slot(_last)] = (stored, octets);
        }
    }

    /// <summary>Events behind a position, ascending; null when some of them are only in the database.</summary>
    public IReadOnlyList<StoredEvent>? TryRead(long after, int max)
    {
        lock (_lock)
        {
            if (_last == 0 || after < _first - 1 || after > _last)
                return null;
            long end = Math.Min(_last, after + max);
            var page = new List<StoredEvent>((int)(end - after));
            for (long position = after + 1; position <= end; position++)
                page.Add(_slots[Slot(position)].Event);
            return page;
        }
    }

    /// <summary>Lets go of events that everybody has read: what dies young costs the collector nothing.</summary>
    public void Release(long upTo)
    {
        lock (_lock)
        {
            while (_first <= Math.Min(upTo, _last))
                DropOldest();
        }
    }

    /// <summary>Forgets everything, e.g. because old events were purged.</summary>
    public void Clear()
    {
        lock (_lock)
            Drop(_last + 1);
    }

    private void DropOldest()
    {
        ref (StoredEvent Event, int Octets) oldest = ref _slots[Slot(_first++)];
        _octets -= oldest.Octets;
        oldest = default;
    }

    private void Drop(long first)
    {
        Array.Clear(_slots);
        _first = first;
        _last = first - 1;
        _octets = 0;
    }

    private int Slot(long position) => (int)(position % maxEvents);
}
