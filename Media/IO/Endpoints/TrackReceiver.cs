using System.Buffers.Binary;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>What is known about one source of the peer: counts, loss and jitter for its reports (RFC 3550 appendix A.3 and A.8).</summary>
internal sealed class TrackReceiver(uint ssrc, NegotiatedMedia media, NegotiatedCodec codec)
{
    private long _base = -1;
    private long _highest;
    private long _expectedBefore;
    private long _receivedBefore;
    private double _jitter;
    private long _lastTransit;
    private uint _lastSenderReport;
    private TimeSpan _senderReportAt;

    public uint Ssrc => ssrc;

    public NegotiatedMedia Media => media;

    public NegotiatedCodec Codec => codec;

    public long Packets { get; private set; }

    public long Octets { get; private set; }

    public long Lost => _base < 0 ? 0 : Math.Max(0, _highest - _base + 1 - Packets);

    /// <summary>Interarrival jitter in seconds.</summary>
    public double Jitter => _jitter / codec.Codec.ClockRate;

    public void HandleRtp(in RtpPacket packet, TimeSpan now)
    {
        var extended = _base < 0 ? packet.SequenceNumber + 65536L : SequenceNumber.Unwrap(packet.SequenceNumber, _highest);
        if (_base < 0) (_base, _highest) = (extended, extended);
        _highest = Math.Max(_highest, extended);
        var transit = (long)(now.TotalSeconds * codec.Codec.ClockRate) - packet.Timestamp;
        if (Packets > 0) _jitter += (Math.Min(Math.Abs((double)(int)(transit - _lastTransit)), codec.Codec.ClockRate) - _jitter) / 16;
        _lastTransit = transit;
        Packets++;
        Octets += packet.Payload.Length;
    }

    public void HandleSenderReport(in SenderReport report, TimeSpan now) => (_lastSenderReport, _senderReportAt) = (report.MiddleNtp, now);

    public ReportBlock Report(TimeSpan now)
    {
        var expected = _highest - _base + 1;
        var (intervalExpected, intervalReceived) = (expected - _expectedBefore, Packets - _receivedBefore);
        (_expectedBefore, _receivedBefore) = (expected, Packets);
        var lost = intervalExpected - intervalReceived;
        var fraction = intervalExpected <= 0 || lost <= 0 ? 0 : Math.Min(255, lost * 256 / intervalExpected);
        var delay = _lastSenderReport == 0 ? 0 : (uint)((now - _senderReportAt).TotalSeconds * 65536);
        return new ReportBlock(ssrc, (byte)fraction, (int)Math.Clamp(Lost, 0, 0x7FFFFF), (uint)_highest, (uint)_jitter, _lastSenderReport, delay);
    }

    /// <summary>Writes the packet with another payload type, for a taker that has its own numbers.</summary>
    public static int Rewrite(ReadOnlySpan<byte> packet, int payloadType, Span<byte> buffer)
    {
        if (packet.Length > buffer.Length) return 0;
        packet.CopyTo(buffer);
        buffer[1] = (byte)(packet[1] & 0x80 | payloadType);
        return packet.Length;
    }

    /// <summary>The packet that RTX repeats, put together again; 0 when it is empty (RFC 4588 section 4).</summary>
    public static int Restore(in RtpPacket rtx, int payloadType, uint mediaSsrc, Span<byte> buffer)
    {
        if (rtx.Payload.Length < 3 || rtx.Payload.Length + RtpPacket.HeaderLength > buffer.Length) return 0;
        var sequence = BinaryPrimitives.ReadUInt16BigEndian(rtx.Payload);
        _ = new RtpHeader((byte)payloadType, rtx.Marker, sequence, rtx.Timestamp, mediaSsrc).TryWrite(buffer);
        rtx.Payload[2..].CopyTo(buffer[RtpPacket.HeaderLength..]);
        return RtpPacket.HeaderLength + rtx.Payload.Length - 2;
    }
}
