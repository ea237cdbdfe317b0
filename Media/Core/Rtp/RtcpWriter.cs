using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>Appends RTCP packets to the caller's buffer; a method returns false and writes nothing when there is no room.</summary>
public ref struct RtcpWriter
{
    private readonly Span<byte> _buffer;

    public RtcpWriter(Span<byte> buffer) => _buffer = buffer;

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>SR with up to 31 report blocks.</summary>
    public bool TryAddSenderReport(in SenderReport sender, params ReadOnlySpan<ReportBlock> reports)
    {
        if (!Begin(RtcpType.SenderReport, reports.Length, 24 + 24 * reports.Length, sender.Ssrc, out var body)) return false;
        BinaryPrimitives.WriteUInt64BigEndian(body[4..], sender.NtpTime);
        BinaryPrimitives.WriteUInt32BigEndian(body[12..], sender.RtpTime);
        BinaryPrimitives.WriteUInt32BigEndian(body[16..], sender.Packets);
        BinaryPrimitives.WriteUInt32BigEndian(body[20..], sender.Octets);
        Blocks(body[24..], reports);
        return true;
    }

    /// <summary>RR with up to 31 report blocks; an empty one opens a compound packet of a receiver that has heard nothing.</summary>
    public bool TryAddReceiverReport(uint ssrc, params ReadOnlySpan<ReportBlock> reports)
    {
        if (!Begin(RtcpType.ReceiverReport, reports.Length, 4 + 24 * reports.Length, ssrc, out var body)) return false;
        Blocks(body[4..], reports);
        return true;
    }

    /// <summary>SDES with a CNAME of at most 255 bytes.</summary>
    public bool TryAddCname(uint ssrc, ReadOnlySpan<byte> cname)
    {
        if (cname.Length > 255) return false;
        var length = (4 + 2 + cname.Length + 1 + 3) & ~3;
        if (!Begin(RtcpType.SourceDescription, 1, length, ssrc, out var body)) return false;
        body[4..].Clear();
        (body[4], body[5]) = (1, (byte)cname.Length);
        cname.CopyTo(body[6..]);
        return true;
    }

    public bool TryAddBye(uint ssrc) => Begin(RtcpType.Bye, 1, 4, ssrc, out _);

    /// <summary>APP with a name of four ASCII characters; the data length is a multiple of 4.</summary>
    public bool TryAddApplication(uint ssrc, int subtype, ReadOnlySpan<byte> name, ReadOnlySpan<byte> content)
    {
        if (name.Length != 4 || content.Length % 4 != 0 || !Begin(RtcpType.Application, subtype, 8 + content.Length, ssrc, out var body)) return false;
        name.CopyTo(body[4..]);
        content.CopyTo(body[8..]);
        return true;
    }

    public bool TryAddPli(uint ssrc, uint mediaSsrc)
    {
        if (!Begin(RtcpType.PayloadFeedback, RtcpPacket.PliFormat, 8, ssrc, out var body)) return false;
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], mediaSsrc);
        return true;
    }

    /// <summary>FIR; <paramref name="command"/> goes up by one with each new request.</summary>
    public bool TryAddFir(uint ssrc, uint mediaSsrc, byte command)
    {
        if (!Begin(RtcpType.PayloadFeedback, RtcpPacket.FirFormat, 16, ssrc, out var body)) return false;
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(body[8..], mediaSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[12..], (uint)command << 24);
        return true;
    }

    /// <summary>NACK for sequence numbers in ascending order.</summary>
    public bool TryAddNack(uint ssrc, uint mediaSsrc, ReadOnlySpan<ushort> lost)
    {
        var pairs = 0;
        for (var i = 0; i < lost.Length; pairs++) i = NextPair(lost, i, out _);
        if (pairs == 0 || !Begin(RtcpType.TransportFeedback, RtcpPacket.NackFormat, 8 + 4 * pairs, ssrc, out var body)) return false;
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], mediaSsrc);
        var at = 8;
        for (var i = 0; i < lost.Length; at += 4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(body[at..], lost[i]);
            i = NextPair(lost, i, out var mask);
            BinaryPrimitives.WriteUInt16BigEndian(body[(at + 2)..], mask);
        }
        return true;
    }

    /// <summary>REMB (draft-alvestrand-rmcat-remb-03) for one source.</summary>
    public bool TryAddRemb(uint ssrc, uint mediaSsrc, long bitsPerSecond)
    {
        if (!Begin(RtcpType.PayloadFeedback, RtcpPacket.ApplicationLayerFormat, 20, ssrc, out var body)) return false;
        var exponent = 0;
        var mantissa = Math.Max(0, bitsPerSecond);
        while (mantissa > 0x3_ffff) (mantissa, exponent) = (mantissa >> 1, exponent + 1);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], 0);
        "REMB"u8.CopyTo(body[8..]);
        BinaryPrimitives.WriteUInt32BigEndian(body[12..], 1u << 24 | (uint)exponent << 18 | (uint)mantissa);
        BinaryPrimitives.WriteUInt32BigEndian(body[16..], mediaSsrc);
        return true;
    }

    /// <summary>Any feedback packet with a body made elsewhere, e.g. transport-wide feedback; its length is a multiple of 4.</summary>
    public bool TryAddFeedback(RtcpType type, int format, uint ssrc, uint mediaSsrc, ReadOnlySpan<byte> content)
    {
        if (content.Length % 4 != 0 || !Begin(type, format, 8 + content.Length, ssrc, out var body)) return false;
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], mediaSsrc);
        content.CopyTo(body[8..]);
        return true;
    }

    private bool Begin(RtcpType type, int count, int bodyLength, uint ssrc, out Span<byte> body)
    {
        body = default;
        if (count > 31 || _buffer.Length - Length < 4 + bodyLength) return false;
        var packet = _buffer.Slice(Length, 4 + bodyLength);
        packet[0] = (byte)(0x80 | count);
        packet[1] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)(bodyLength / 4));
        body = packet[4..];
        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        Length += packet.Length;
        return true;
    }

    private static void Blocks(Span<byte> body, ReadOnlySpan<ReportBlock> reports)
    {
        for (var i = 0; i < reports.Length; i++) reports[i].Write(body[(24 * i)..]);
    }

    private static int NextPair(ReadOnlySpan<ushort> lost, int first, out ushort mask)
    {
        mask = 0;
        var i = first + 1;
        for (; i < lost.Length; i++)
        {
            var ahead = (ushort)(lost[i] - lost[first]);
            if (ahead is 0 or > 16) break;
            mask |= (ushort)(1 << (ahead - 1));
        }
        return i;
    }
}
