using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>
/// Walks the access units of an mpeg4-generic payload (RFC 3640 section 3.2), modes AAC-hbr (13/3/3) and AAC-lbr (6/2/2). Interleaving
/// and access units over several packets are refused; cameras use neither.
/// </summary>
public ref struct AacPayload
{
    private readonly int _sizeLength, _indexLength;
    private readonly ReadOnlySpan<byte> _headers;
    private ReadOnlySpan<byte> _content;
    private int _bit;
    private readonly int _bits;

    private AacPayload(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> content, int bits, int sizeLength, int indexLength)
    {
        _headers = headers;
        _content = content;
        _bits = bits;
        _sizeLength = sizeLength;
        _indexLength = indexLength;
        _bit = 0;
        Current = default;
    }

    /// <summary>Checks the header section; false when it, or the sizes in it, exceed the payload.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out AacPayload units, int sizeLength = 13, int indexLength = 3)
    {
        units = default;
        if (payload.Length < 3 || sizeLength is < 1 or > 16 || indexLength is < 0 or > 16) return false;
        int bits = BinaryPrimitives.ReadUInt16BigEndian(payload);
        var bytes = (bits + 7) / 8;
        var step = sizeLength + indexLength;
        if (bits == 0 || bits % step != 0 || 2 + bytes > payload.Length) return false;
        var (headers, content) = (0, payload.Length - 2 - bytes);
        for (var at = 0; at < bits; at += step)
        {
            var size = Bits(payload[2..], at, sizeLength);
            if (size == 0 || (indexLength > 0 && Bits(payload[2..], at + sizeLength, indexLength) != 0)) return false;
            headers += size;
        }
        if (headers != content) return false;
        units = new AacPayload(payload.Slice(2, bytes), payload[(2 + bytes)..], bits, sizeLength, indexLength);
        return true;
    }

    /// <summary>One access unit, which is 1024 samples of AAC-LC.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly AacPayload GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_bit >= _bits) return false;
        var size = Bits(_headers, _bit, _sizeLength);
        _bit += _sizeLength + _indexLength;
        Current = _content[..size];
        _content = _content[size..];
        return true;
    }

    /// <summary>Writes one access unit as an AAC-hbr payload; returns the length, 0 when it does not fit.</summary>
    public static int Write(ReadOnlySpan<byte> accessUnit, Span<byte> payload)
    {
        if (accessUnit.Length is 0 or > 0x1fff || payload.Length < accessUnit.Length + 4) return 0;
        BinaryPrimitives.WriteUInt16BigEndian(payload, 16);
        BinaryPrimitives.WriteUInt16BigEndian(payload[2..], (ushort)(accessUnit.Length << 3));
        accessUnit.CopyTo(payload[4..]);
        return accessUnit.Length + 4;
    }

    private static int Bits(ReadOnlySpan<byte> bytes, int at, int count)
    {
        var value = 0;
        for (var i = at; i < at + count; i++) value = value << 1 | (bytes[i >> 3] >> (7 - (i & 7)) & 1);
        return value;
    }
}
