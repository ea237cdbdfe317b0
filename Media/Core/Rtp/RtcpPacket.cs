using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>One packet of a compound RTCP datagram (RFC 3550 section 6.4, RFC 4585 section 6.1).</summary>
public readonly ref struct RtcpPacket
{
    public const int NackFormat = 1, TransportWideFormat = 15;
    public const int PliFormat = 1, FirFormat = 4, ApplicationLayerFormat = 15;

    private readonly ReadOnlySpan<byte> _packet;
    private readonly int _end;

    internal RtcpPacket(ReadOnlySpan<byte> packet, int end)
    {
        _packet = packet;
        _end = end;
    }

    public RtcpType Type => (RtcpType)_packet[1];

    /// <summary>Report count, source count or feedback format, by type.</summary>
    public int Count => _packet[0] & 0x1f;

    /// <summary>Sender of the packet; 0 when the packet names nobody.</summary>
    public uint Ssrc => _end >= 8 ? BinaryPrimitives.ReadUInt32BigEndian(_packet[4..]) : 0;

    /// <summary>Media source of a feedback packet; 0 when absent.</summary>
    public uint MediaSsrc => _end >= 12 ? BinaryPrimitives.ReadUInt32BigEndian(_packet[8..]) : 0;

    /// <summary>Content behind the four header bytes, without padding.</summary>
    public ReadOnlySpan<byte> Body => _packet[4.._end];

    public bool IsPli => Type == RtcpType.PayloadFeedback && Count == PliFormat && _end >= 12;

    public bool IsFir => Type == RtcpType.PayloadFeedback && Count == FirFormat && _end >= 12;

    public bool IsNack => Type == RtcpType.TransportFeedback && Count == NackFormat && _end >= 16;

    /// <summary>Reads a sender report's sender part.</summary>
    public bool TryGetSender(out SenderReport report)
    {
        report = default;
        if (Type != RtcpType.SenderReport || _end < 28) return false;
        report = new SenderReport(Ssrc, BinaryPrimitives.ReadUInt64BigEndian(_packet[8..]), BinaryPrimitives.ReadUInt32BigEndian(_packet[16..]),
            BinaryPrimitives.ReadUInt32BigEndian(_packet[20..]), BinaryPrimitives.ReadUInt32BigEndian(_packet[24..]));
        return true;
    }

    /// <summary>Report blocks of SR and RR that are really there.</summary>
    public int ReportCount
    {
        get
        {
            var start = ReportStart;
            return start == 0 ? 0 : Math.Min(Count, Math.Max(0, _end - start) / 24);
        }
    }

    public ReportBlock Report(int index) => ReportBlock.Read(_packet.Slice(ReportStart + 24 * index, 24));

    private int ReportStart => Type switch { RtcpType.SenderReport => 28, RtcpType.ReceiverReport => 8, _ => 0 };

    /// <summary>Copies the lost sequence numbers of a NACK; returns how many fitted.</summary>
    public int ReadNack(Span<ushort> lost)
    {
        if (!IsNack) return 0;
        var count = 0;
        for (var at = 12; at + 4 <= _end; at += 4)
        {
            var first = BinaryPrimitives.ReadUInt16BigEndian(_packet[at..]);
            var mask = BinaryPrimitives.ReadUInt16BigEndian(_packet[(at + 2)..]);
            for (var i = 0; i < 17; i++)
            {
                if (i > 0 && (mask >> (i - 1) & 1) == 0) continue;
                if (count == lost.Length) return count;
                lost[count++] = (ushort)(first + i);
            }
        }
        return count;
    }

    /// <summary>True when a FIR asks <paramref name="ssrc"/> for a key frame (RFC 5104 section 4.3.1).</summary>
    public bool TryGetFir(uint ssrc, out byte command)
    {
        for (var at = 12; IsFir && at + 8 <= _end; at += 8)
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(_packet[at..]) != ssrc) continue;
            command = _packet[at + 4];
            return true;
        }
        command = 0;
        return false;
    }

    /// <summary>Bit rate of a REMB message.</summary>
    public bool TryGetRemb(out long bitsPerSecond)
    {
        bitsPerSecond = 0;
        if (Type != RtcpType.PayloadFeedback || Count != ApplicationLayerFormat || _end < 20) return false;
        if (!_packet.Slice(12, 4).SequenceEqual("REMB"u8)) return false;
        var exponent = _packet[17] >> 2;
        long mantissa = (_packet[17] & 3) << 16 | _packet[18] << 8 | _packet[19];
        if (exponent > 44) return false;
        bitsPerSecond = mantissa << exponent;
        return true;
    }

    /// <summary>The CNAME of the first chunk of a source description that has one.</summary>
    public bool TryGetCname(out uint ssrc, out ReadOnlySpan<byte> cname)
    {
        ssrc = 0;
        cname = default;
        if (Type != RtcpType.SourceDescription) return false;
        var at = 4;
        for (var chunk = 0; chunk < Count && at + 4 <= _end; chunk++)
        {
            ssrc = BinaryPrimitives.ReadUInt32BigEndian(_packet[at..]);
            at += 4;
            while (at < _end && _packet[at] != 0)
            {
                if (at + 2 > _end || at + 2 + _packet[at + 1] > _end) return false;
                if (_packet[at] == 1) { cname = _packet.Slice(at + 2, _packet[at + 1]); return true; }
                at += 2 + _packet[at + 1];
            }
            at = (at + 4) & ~3;
        }
        return false;
    }

    /// <summary>True when a BYE names the source.</summary>
    public bool IsByeOf(uint ssrc)
    {
        if (Type != RtcpType.Bye) return false;
        for (var i = 0; i < Count && 8 + 4 * i <= _end; i++)
            if (BinaryPrimitives.ReadUInt32BigEndian(_packet[(4 + 4 * i)..]) == ssrc) return true;
        return false;
    }
}
