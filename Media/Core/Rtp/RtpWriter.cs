using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>
/// Writes an RTP packet into the caller's buffer: header, extensions in the one-byte form (two-byte when an element needs
/// it), payload. Order of calls: constructor, <see cref="TryAddExtension"/> as often as wanted, <see cref="TryWritePayload"/>.
/// </summary>
public ref struct RtpWriter
{
    private readonly Span<byte> _buffer;
    private readonly bool _twoByte;
    private int _length, _extensionStart;

    /// <param name="buffer">At least 12 bytes.</param>
    /// <param name="header">Fixed fields.</param>
    /// <param name="twoByteExtensions">Use the two-byte form, for ids above 14 or values above 16 bytes.</param>
    public RtpWriter(Span<byte> buffer, in RtpHeader header, bool twoByteExtensions = false)
    {
        if (!header.TryWrite(buffer)) throw new ArgumentException("The buffer is shorter than an RTP header.", nameof(buffer));
        _buffer = buffer;
        _twoByte = twoByteExtensions;
        _length = RtpPacket.HeaderLength;
    }

    /// <summary>Bytes written so far.</summary>
    public readonly int Length => _length;

    /// <summary>Appends an element; false when it does not fit or its form cannot carry it.</summary>
    public bool TryAddExtension(int id, ReadOnlySpan<byte> value)
    {
        var header = _twoByte ? 2 : 1;
        if (_twoByte ? id is < 1 or > 255 || value.Length > 255 : id is < 1 or > 14 || value.Length is < 1 or > 16) return false;
        var start = _extensionStart == 0 ? _length + 4 : _length;
        if (start + header + value.Length + 3 > _buffer.Length) return false;
        if (_extensionStart == 0)
        {
            _extensionStart = _length;
            _buffer[0] |= 0x10;
            BinaryPrimitives.WriteUInt16BigEndian(_buffer[_length..], _twoByte ? RtpPacket.TwoByteExtensions : RtpPacket.OneByteExtensions);
            _length += 4;
        }
        if (_twoByte) (_buffer[_length], _buffer[_length + 1]) = ((byte)id, (byte)value.Length);
        else _buffer[_length] = (byte)(id << 4 | (value.Length - 1));
        value.CopyTo(_buffer[(_length + header)..]);
        _length += header + value.Length;
        return true;
    }

    /// <summary>Ends the header and returns where the payload starts, for writing it in place.</summary>
    public int EndHeader()
    {
        if (_extensionStart == 0) return _length;
        while ((_length - _extensionStart) % 4 != 0) _buffer[_length++] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[(_extensionStart + 2)..], (ushort)((_length - _extensionStart - 4) / 4));
        return _length;
    }

    /// <summary>Ends the header and copies the payload; false when it does not fit.</summary>
    public bool TryWritePayload(ReadOnlySpan<byte> payload)
    {
        EndHeader();
        if (payload.Length > _buffer.Length - _length) return false;
        payload.CopyTo(_buffer[_length..]);
        _length += payload.Length;
        return true;
    }
}
