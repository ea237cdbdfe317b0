using System.Buffers.Binary;
using System.Text;

namespace MediaRelay.Media.IO.Recording;

/// <summary>A growing buffer of nested boxes (ISO/IEC 14496-12 section 4.2): size and type in front, size filled in at the end.</summary>
internal sealed class Mp4Boxes
{
    private byte[] _buffer = new byte[4096];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Opens a box and returns what <see cref="End"/> needs.</summary>
    public int Begin(string type)
    {
        var start = Length;
        U32(0);
        Text(type);
        return start;
    }

    /// <summary>Opens a box that has a version and flags.</summary>
    public int Begin(string type, byte version, uint flags)
    {
        var start = Begin(type);
        U32((uint)version << 24 | flags);
        return start;
    }

    public void End(int start) => Patch(start, (uint)(Length - start));

    public void Patch(int position, uint value) => BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(position), value);

    public void Text(string ascii) => Encoding.ASCII.GetBytes(ascii, Take(ascii.Length));

    public void U8(int value) => Take(1)[0] = (byte)value;

    public void U16(int value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), (ushort)value);

    public void U32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    public void U64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Take(8), value);

    public void Zero(int count) => Take(count).Clear();

    public void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    private Span<byte> Take(int count)
    {
        if (Length + count > _buffer.Length) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + count));
        var span = _buffer.AsSpan(Length, count);
        Length += count;
        return span;
    }
}
