using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>Cuts a JPEG picture into RTP payloads with its tables in the first one (RFC 2435, Q 255); allocates nothing.</summary>
/// <param name="image">The picture.</param>
/// <param name="maxPayload">Longest payload, at least 160 bytes.</param>
/// <param name="q">255 sends the tables with each frame; 128-254 lets receivers keep them; 1-99 sends none.</param>
public ref struct JpegPacketizer(JpegImage image, int maxPayload, int q = 255)
{
    private readonly JpegImage _image = image;
    private int _offset = 0;
    private bool _started = false;

    /// <summary>Writes the next payload; <paramref name="isLast"/> goes into the marker bit.</summary>
    public bool TryNext(Span<byte> payload, out int length, out bool isLast)
    {
        (length, isLast) = (0, true);
        if (_started && _offset >= _image.Scan.Length) return false;
        payload[0] = 0;
        payload[1] = (byte)(_offset >> 16);
        payload[2] = (byte)(_offset >> 8);
        payload[3] = (byte)_offset;
        payload[4] = (byte)_image.Type;
        payload[5] = (byte)q;
        payload[6] = (byte)((_image.Width + 7) / 8);
        payload[7] = (byte)((_image.Height + 7) / 8);
        length = 8;
        if (_image.RestartInterval > 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload[8..], (ushort)_image.RestartInterval);
            BinaryPrimitives.WriteUInt16BigEndian(payload[10..], 0xffff);
            length = 12;
        }
        if (!_started && q >= 128)
        {
            payload[length] = 0;
            payload[length + 1] = 0;
            BinaryPrimitives.WriteUInt16BigEndian(payload[(length + 2)..], 128);
            _image.LumaTable.CopyTo(payload[(length + 4)..]);
            _image.ChromaTable.CopyTo(payload[(length + 68)..]);
            length += 132;
        }
        _started = true;
        var take = Math.Min(_image.Scan.Length - _offset, maxPayload - length);
        _image.Scan.Slice(_offset, take).CopyTo(payload[length..]);
        _offset += take;
        length += take;
        isLast = _offset >= _image.Scan.Length;
        return true;
    }
}
