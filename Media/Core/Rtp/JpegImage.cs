using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>What RTP needs to know of a baseline JPEG file: its size, sampling, tables and scan (T.81 annex B).</summary>
public readonly ref struct JpegImage
{
    /// <summary>0 for 4:2:2, 1 for 4:2:0, plus 64 with restart markers (RFC 2435 section 4.1).</summary>
    public required int Type { get; init; }

    public required int Width { get; init; }

    public required int Height { get; init; }

    public required int RestartInterval { get; init; }

    /// <summary>Luma table in zig-zag order.</summary>
    public required ReadOnlySpan<byte> LumaTable { get; init; }

    /// <summary>Chroma table in zig-zag order.</summary>
    public required ReadOnlySpan<byte> ChromaTable { get; init; }

    /// <summary>Entropy-coded bytes without the end mark.</summary>
    public required ReadOnlySpan<byte> Scan { get; init; }

    /// <summary>
    /// Reads a file; false when it is not baseline with three components in 4:2:0 or 4:2:2 and 8-bit tables, is larger than
    /// 2040 pixels, or uses Huffman tables that a receiver would not know. Such a picture needs a transcoder.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> file, out JpegImage image)
    {
        image = default;
        if (file is not [0xff, 0xd8, ..]) return false;
        ReadOnlySpan<byte> table0 = default, table1 = default, frame = default;
        var (restart, at) = (0, 2);
        while (at + 4 <= file.Length)
        {
            if (file[at] != 0xff) return false;
            var marker = file[at + 1];
            if (marker == 0xff) { at++; continue; }
            int length = BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
            if (length < 2 || at + 2 + length > file.Length) return false;
            var body = file.Slice(at + 4, length - 2);
            at += 2 + length;
            switch (marker)
            {
                case 0xdb:
                    for (; body.Length >= 65; body = body[65..])
                    {
                        if (body[0] == 0) table0 = body.Slice(1, 64);
                        else if (body[0] == 1) table1 = body.Slice(1, 64);
                        else return false;
                    }
                    if (!body.IsEmpty) return false;
                    break;
                case 0xc0: frame = body; break;
                case 0xc4: if (!IsStandardHuffman(body)) return false; break;
                case 0xdd: if (body.Length != 2) return false; restart = BinaryPrimitives.ReadUInt16BigEndian(body); break;
                case >= 0xc1 and <= 0xcf: return false;
                case 0xda: return TryFinish(frame, table0, table1, restart, body, file[at..], out image);
                default: break;
            }
        }
        return false;
    }

    private static bool TryFinish(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> table0, ReadOnlySpan<byte> table1, int restart, ReadOnlySpan<byte> scanHeader, ReadOnlySpan<byte> scan, out JpegImage image)
    {
        image = default;
        if (frame.Length != 15 || frame[0] != 8 || frame[5] != 3 || scanHeader.Length != 10 || scanHeader[0] != 3 || table0.IsEmpty) return false;
        var (height, width) = (BinaryPrimitives.ReadUInt16BigEndian(frame[1..]), BinaryPrimitives.ReadUInt16BigEndian(frame[3..]));
        if (width is 0 or > 2040 || height is 0 or > 2040) return false;
        var type = frame[7] switch { 0x21 => 0, 0x22 => 1, _ => -1 };
        if (type < 0 || frame[10] != 0x11 || frame[13] != 0x11 || frame[8] != 0 || frame[11] != frame[14] || frame[11] > 1) return false;
        if (frame[11] == 1 && table1.IsEmpty) return false;
        var end = scan.LastIndexOf<byte>([0xff, 0xd9]);
        image = new JpegImage
        {
            Type = restart > 0 ? type + 64 : type, Width = width, Height = height, RestartInterval = restart,
            LumaTable = table0, ChromaTable = frame[11] == 1 ? table1 : table0, Scan = end < 0 ? scan : scan[..end],
        };
        return true;
    }

    private static bool IsStandardHuffman(ReadOnlySpan<byte> body)
    {
        while (!body.IsEmpty)
        {
            if (body.Length < 17) return false;
            var count = 0;
            for (var i = 1; i <= 16; i++) count += body[i];
            if (body.Length < 17 + count || JpegTables.HuffmanSegments.IndexOf(body[..(17 + count)]) < 0) return false;
            body = body[(17 + count)..];
        }
        return true;
    }
}
