namespace MediaRelay.Qos.Cops;

/// <summary>Bytes waiting for a socket: appended at the end, taken from the front, in one array that grows up to a limit.</summary>
internal sealed class ByteQueue(int limit)
{
    private const int FirstSize = 4096;
    private byte[] _bytes = [];
    private int _start;
    private int _end;

    public int Length => _end - _start;

    public bool IsEmpty => _end == _start;

    public ReadOnlySpan<byte> Pending => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Room for <paramref name="size"/> more bytes, or an empty span when the limit would be passed.</summary>
    public Span<byte> Reserve(int size)
    {
        if (_bytes.Length - _end < size && !MakeRoom(size)) return default;
        return _bytes.AsSpan(_end, size);
    }

    public void Advance(int size) => _end += size;

    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        Span<byte> room = Reserve(bytes.Length);
        if (room.Length < bytes.Length) return false;
        bytes.CopyTo(room);
        _end += bytes.Length;
        return true;
    }

    public void Consume(int size)
    {
        _start += size;
        if (_start == _end) _start = _end = 0;
    }

    public void Clear() => _start = _end = 0;

    private bool MakeRoom(int size)
    {
        int needed = Length + size;
        if (needed > limit) return false;
        if (needed <= _bytes.Length && _start >= _bytes.Length / 2)
        {
            Pending.CopyTo(_bytes);
        }
        else
        {
            var larger = new byte[Math.Max(FirstSize, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)needed) * 2)];
            Pending.CopyTo(larger);
            _bytes = larger;
        }
        _end -= _start;
        _start = 0;
        return true;
    }
}
