namespace MediaRelay.Turn.Tables;

/// <summary>
/// A hash index from a 32-bit keyed hash to positions in a <see cref="Slab{T}"/>: 8 bytes per slot, linear probing, no tombstones.
/// The key itself lives in the slab; the caller compares it for each position that <see cref="First"/> and <see cref="Next"/> give.
/// </summary>
internal sealed class IndexTable
{
    private Slot[] _slots;
    private int _mask;

    public IndexTable(int capacity = 16)
    {
        _slots = new Slot[capacity];
        _mask = capacity - 1;
    }

    public int Count { get; private set; }

    /// <summary>The first position filed under this hash, or -1.</summary>
    public int First(uint hash, out int cursor)
    {
        cursor = (int)(hash & (uint)_mask);
        return Scan(hash, ref cursor);
    }

    /// <summary>The position after the one found before, or -1.</summary>
    public int Next(uint hash, ref int cursor)
    {
        cursor = (cursor + 1) & _mask;
        return Scan(hash, ref cursor);
    }

    public void Add(uint hash, int position)
    {
        if ((Count + 1) * 4 > _slots.Length * 3)
        {
            Grow();
        }

        Insert(hash, position + 1);
        Count++;
    }

    public void Remove(uint hash, int position)
    {
        var hole = (int)(hash & (uint)_mask);
        while (_slots[hole].Value != position + 1 || _slots[hole].Hash != hash)
        {
            if (_slots[hole].Value == 0)
            {
                return;
            }

            hole = (hole + 1) & _mask;
        }

        // Close the gap: pull back every follower whose home is at or before the hole.
        var next = (hole + 1) & _mask;
        while (_slots[next].Value != 0)
        {
            var home = (int)(_slots[next].Hash & (uint)_mask);
            if (((next - home) & _mask) >= ((next - hole) & _mask))
            {
                _slots[hole] = _slots[next];
                hole = next;
            }

            next = (next + 1) & _mask;
        }

        _slots[hole] = default;
        Count--;
    }

    private int Scan(uint hash, ref int cursor)
    {
        var slots = _slots;
        while (true)
        {
            ref readonly var slot = ref slots[cursor];
            if (slot.Value == 0)
            {
                return -1;
            }

            if (slot.Hash == hash)
            {
                return slot.Value - 1;
            }

            cursor = (cursor + 1) & _mask;
        }
    }

    private void Insert(uint hash, int value)
    {
        var cursor = (int)(hash & (uint)_mask);
        while (_slots[cursor].Value != 0)
        {
            cursor = (cursor + 1) & _mask;
        }

        _slots[cursor] = new Slot { Hash = hash, Value = value };
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new Slot[old.Length * 2];
        _mask = _slots.Length - 1;
        foreach (var slot in old)
        {
            if (slot.Value != 0)
            {
                Insert(slot.Hash, slot.Value);
            }
        }
    }

    private struct Slot
    {
        public uint Hash;
        public int Value;
    }
}
