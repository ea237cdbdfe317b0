using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>
/// JPEG from RTP (RFC 2435): fragments become a JFIF file that any decoder reads. A frame with a hole, or without its tables,
/// is dropped. Types 0, 1, 64 and 65 (4:2:2 and 4:2:0, with and without restart markers).
/// <code>
/// | type-specific |              fragment offset                  |
/// |      type     |       Q       |     width     |     height    |
/// </code>
/// </summary>
public sealed class JpegDepacketizer : VideoDepacketizer
{
    private readonly byte[] _tables = new byte[128];
    private readonly byte[]?[] _cached = new byte[128][];
    private readonly byte[] _head = new byte[1024];
    private int _expected, _tableLength;
    private bool _broken;

    private protected override void StartFrame() => (_expected, _broken, _tableLength) = (0, false, 0);

    private protected override void LosePacket() => _broken = true;

    private protected override bool TryAppend(ReadOnlySpan<byte> payload, FrameBuffer frame)
    {
        if (payload.Length < 8) return Fail();
        var offset = payload[1] << 16 | payload[2] << 8 | payload[3];
        var (type, q, width, height) = (payload[4], payload[5], payload[6] * 8, payload[7] * 8);
        if (type is not (0 or 1 or 64 or 65) || q == 0 || q is >= 100 and < 128 || width == 0 || height == 0) return Fail();
        var rest = payload[8..];
        var restart = 0;
        if (type >= 64)
        {
            if (rest.Length < 4) return Fail();
            restart = BinaryPrimitives.ReadUInt16BigEndian(rest);
            rest = rest[4..];
        }
        if (offset == 0)
        {
            if (!TryTables(q, ref rest)) return Fail();
            _broken = false;
            var head = WriteHead(type & 1, width, height, restart);
            if (!frame.TryAppend(_head.AsSpan(0, head))) return Fail();
            frame.IsKeyFrame = true;
        }
        else if (_broken || offset != _expected)
        {
            return Fail();
        }
        if (!frame.TryAppend(rest)) return Fail();
        _expected = offset + rest.Length;
        return true;
    }

    private protected override bool EndFrame(FrameBuffer frame)
    {
        if (_broken || _expected == 0) return false;
        var content = frame.Content;
        return content is [.., 0xff, 0xd9] || (frame.TryAppend(0xff) && frame.TryAppend(0xd9));
    }

    private bool Fail()
    {
        _broken = true;
        return false;
    }

    private bool TryTables(int q, ref ReadOnlySpan<byte> rest)
    {
        _tableLength = 128;
        if (q < 128)
        {
            JpegTables.Quantization(q, _tables);
            return true;
        }
        if (rest.Length < 4) return false;
        var (precision, length) = (rest[1], BinaryPrimitives.ReadUInt16BigEndian(rest[2..]));
        rest = rest[4..];
        if (length > rest.Length) return false;
        if (length == 0)
        {
            // Only 128-254 may rely on tables sent before (RFC 2435 section 3.1.8).
            if (q == 255 || _cached[q - 128] is not { } cached) return false;
            _tableLength = cached.Length;
            cached.CopyTo(_tables, 0);
            return true;
        }
        if (precision != 0 || length is not (64 or 128)) return false;
        _tableLength = length;
        rest[..length].CopyTo(_tables);
        rest = rest[length..];
        if (q == 255) return true;
        var known = _cached[q - 128];
        if (known is null || !_tables.AsSpan(0, length).SequenceEqual(known)) _cached[q - 128] = _tables[..length];
        return true;
    }

    private int WriteHead(int type, int width, int height, int restart)
    {
        var at = 0;
        Put(ref at, [0xff, 0xd8, 0xff, 0xe0, 0, 16, (byte)'J', (byte)'F', (byte)'I', (byte)'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
        for (var i = 0; i * 64 < _tableLength; i++)
        {
            Put(ref at, [0xff, 0xdb, 0, 67, (byte)i]);
            Put(ref at, _tables.AsSpan(64 * i, 64));
        }
        var chroma = (byte)(_tableLength > 64 ? 1 : 0);
        Put(ref at, [0xff, 0xc0, 0, 17, 8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, 3,
            1, (byte)(type == 0 ? 0x21 : 0x22), 0, 2, 0x11, chroma, 3, 0x11, chroma]);
        Put(ref at, JpegTables.HuffmanSegments);
        if (restart > 0) Put(ref at, [0xff, 0xdd, 0, 4, (byte)(restart >> 8), (byte)restart]);
        Put(ref at, [0xff, 0xda, 0, 12, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]);
        return at;
    }

    private void Put(ref int at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_head.AsSpan(at));
        at += bytes.Length;
    }
}
