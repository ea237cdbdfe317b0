namespace MediaRelay.Media.Rtp;

/// <summary>Walks the NAL units of an Annex B stream (H.264 annex B); use with <c>foreach</c>. Start codes have 3 or 4 bytes.</summary>
public ref struct AnnexBReader
{
    private ReadOnlySpan<byte> _rest;

    public AnnexBReader(ReadOnlySpan<byte> stream)
    {
        var first = StartCode(stream, out var length);
        _rest = first < 0 ? default : stream[(first + length)..];
        Current = default;
    }

    /// <summary>A NAL unit with its header byte, without start code and trailing zeros.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly AnnexBReader GetEnumerator() => this;

    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            var end = StartCode(_rest, out var length);
            var unit = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + length)..];
            Current = unit.TrimEnd((byte)0);
            if (!Current.IsEmpty) return true;
        }
        return false;
    }

    private static int StartCode(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 3;
        ReadOnlySpan<byte> code = [0, 0, 1];
        return bytes.IndexOf(code);
    }
}
