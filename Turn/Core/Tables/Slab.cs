namespace MediaRelay.Turn.Tables;

/// <summary>
/// Struct storage in blocks of 256 with a free list: positions and references stay valid while the table grows, nothing is copied, and
/// one entry costs its own size.
/// </summary>
internal sealed class Slab<T>
    where T : struct
{
    private const int BlockBits = 8;
    private const int BlockSize = 1 << BlockBits;

    private T[][] _blocks = new T[4][];
    private int[] _free = [];
    private int _freeCount;
    private int _used;

    /// <summary>Entries in use.</summary>
    public int Count => _used - _freeCount;

    /// <summary>Upper bound of positions handed out so far.</summary>
    public int Limit => _used;

    public ref T this[int position] => ref _blocks[position >> BlockBits][position & (BlockSize - 1)];

    /// <summary>Takes a position; its entry is zeroed.</summary>
    public int Take()
    {
        if (_freeCount > 0)
        {
            return _free[--_freeCount];
        }

        var block = _used >> BlockBits;
        if (block == _blocks.Length)
        {
            Array.Resize(ref _blocks, block * 2);
        }

        _blocks[block] ??= new T[BlockSize];
        return _used++;
    }

    /// <summary>Gives a position back and clears its entry.</summary>
    public void Release(int position)
    {
        this[position] = default;
        if (_freeCount == _free.Length)
        {
            Array.Resize(ref _free, Math.Max(16, _free.Length * 2));
        }

        _free[_freeCount++] = position;
    }
}
