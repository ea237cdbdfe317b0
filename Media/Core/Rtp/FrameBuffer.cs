namespace MediaRelay.Media.Rtp;

/// <summary>A growing buffer for one frame; it keeps its memory for the next frame and never exceeds its bound.</summary>
internal sealed class FrameBuffer(int limit)
{
    private static readonly byte[] StartCodeBytes = [0, 0, 0, 1];
    private byte[] _bytes = new byte[Math.Min(limit, 16 * 1024)];

    public int Length { get; private set; }

    public uint Timestamp { get; set; }

    public bool IsKeyFrame { get; set; }

    public bool IsDamaged { get; set; }

    public ReadOnlySpan<byte> Content => _bytes.AsSpan(0, Length);

    public Span<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear(uint timestamp) => (Length, Timestamp, IsKeyFrame, IsDamaged) = (0, timestamp, false, false);

    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        if (!TryGrow(bytes.Length)) return false;
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
        return true;
    }

    public bool TryAppendStartCode() => TryAppend(StartCodeBytes);

    public bool TryAppend(byte value) => TryAppend(new ReadOnlySpan<byte>(in value));

    private bool TryGrow(int more)
    {
        if (Length + more <= _bytes.Length) return true;
        if (Length + more > limit) return false;
        Array.Resize(ref _bytes, Math.Min(limit, Math.Max(Length + more, _bytes.Length * 2)));
        return true;
    }
}
