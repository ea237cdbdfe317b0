namespace MediaRelay.Qos.Gates;

/// <summary>A binary heap of deadlines whose items know their place, so that moving and removing one costs O(log n) and leaves no residue.</summary>
internal sealed class DeadlineHeap<T>
    where T : class, IDeadline
{
    private readonly List<T> _items = [];

    public int Count => _items.Count;

    public TimeSpan? NextDeadline => _items.Count == 0 ? null : _items[0].Deadline;

    /// <summary>Adds, moves, or (with null) removes an item.</summary>
    public void Set(T item, TimeSpan? deadline)
    {
        if (deadline is not { } when)
        {
            Remove(item);
            return;
        }
        TimeSpan before = item.Deadline;
        item.Deadline = when;
        if (item.HeapPlace == 0)
        {
            _items.Add(item);
            item.HeapPlace = _items.Count;
            Rise(_items.Count - 1);
        }
        else if (when < before) Rise(item.HeapPlace - 1);
        else if (when > before) Sink(item.HeapPlace - 1);
    }

    /// <summary>Takes the first item that is due.</summary>
    public bool TryTakeDue(TimeSpan now, out T item)
    {
        item = null!;
        if (_items.Count == 0 || _items[0].Deadline > now) return false;
        item = _items[0];
        Remove(item);
        return true;
    }

    public void Remove(T item)
    {
        int place = item.HeapPlace - 1;
        if (place < 0) return;
        item.HeapPlace = 0;
        T last = _items[^1];
        _items.RemoveAt(_items.Count - 1);
        if (place == _items.Count) return;
        _items[place] = last;
        last.HeapPlace = place + 1;
        Rise(place);
        Sink(last.HeapPlace - 1);
    }

    private void Rise(int at)
    {
        T item = _items[at];
        while (at > 0)
        {
            int parent = (at - 1) / 2;
            if (_items[parent].Deadline <= item.Deadline) break;
            Put(at, _items[parent]);
            at = parent;
        }
        Put(at, item);
    }

    private void Sink(int at)
    {
        T item = _items[at];
        while (true)
        {
            int child = (2 * at) + 1;
            if (child >= _items.Count) break;
            if (child + 1 < _items.Count && _items[child + 1].Deadline < _items[child].Deadline) child++;
            if (_items[child].Deadline >= item.Deadline) break;
            Put(at, _items[child]);
            at = child;
        }
        Put(at, item);
    }

    private void Put(int at, T item)
    {
        _items[at] = item;
        item.HeapPlace = at + 1;
    }
}
