namespace MediaRelay.Media.Rtp;

/// <summary>What a receiver reports about one source: loss, jitter, last SR (RFC 3550 appendices A.3 and A.8).</summary>
/// <param name="ssrc">The source.</param>
/// <param name="clockRate">Ticks in a second.</param>
public sealed class ReceptionStatistics(uint ssrc, int clockRate)
{
    private long _first = -1, _highest = -1, _expectedBefore, _receivedBefore;
    private double _jitter;
    private long _lastTransit;
    private uint _lastSenderReport;
    private TimeSpan _lastSenderReportAt;

    public uint Ssrc { get; } = ssrc;

    /// <summary>Packets received.</summary>
    public long Packets { get; private set; }

    /// <summary>Payload bytes received.</summary>
    public long Octets { get; private set; }

    /// <summary>Packets lost so far; negative when duplicates outnumber losses.</summary>
    public long Lost => _first < 0 ? 0 : _highest - _first + 1 - Packets;

    /// <summary>Inter-arrival jitter.</summary>
    public TimeSpan Jitter => TimeSpan.FromSeconds(_jitter / clockRate);

    /// <summary>Notes a received packet.</summary>
    public void Handle(ushort sequence, uint timestamp, int payloadBytes, TimeSpan now)
    {
        var number = _highest < 0 ? 65536 + sequence : SequenceNumber.Unwrap(sequence, _highest);
        if (_first < 0) _first = number;
        Packets++;
        Octets += payloadBytes;
        var transit = (long)(now.TotalSeconds * clockRate) - timestamp;
        if (_highest >= 0)
        {
            var difference = Math.Abs((double)(int)(transit - _lastTransit));
            // A jump of over ten seconds is a new time base, not jitter.
            if (difference < 10.0 * clockRate) _jitter += (difference - _jitter) / 16;
        }
        _lastTransit = transit;
        if (number > _highest) _highest = number;
    }

    /// <summary>Notes a sender report of the source.</summary>
    public void HandleSenderReport(in SenderReport report, TimeSpan now) => (_lastSenderReport, _lastSenderReportAt) = (report.MiddleNtp, now);

    /// <summary>The report block since the last call.</summary>
    public ReportBlock TakeReport(TimeSpan now)
    {
        var expected = _first < 0 ? 0 : _highest - _first + 1;
        var (expectedNow, receivedNow) = (expected - _expectedBefore, Packets - _receivedBefore);
        (_expectedBefore, _receivedBefore) = (expected, Packets);
        var lost = expectedNow - receivedNow;
        var fraction = expectedNow <= 0 || lost <= 0 ? 0 : (byte)Math.Min(255, (lost << 8) / expectedNow);
        var delay = _lastSenderReport == 0 ? 0 : (uint)((now - _lastSenderReportAt).TotalSeconds * 65536);
        return new ReportBlock(Ssrc, (byte)fraction, (int)Math.Clamp(Lost, -0x80_0000, 0x7f_ffff), (uint)Math.Max(0, _highest - 65536), (uint)_jitter, _lastSenderReport, delay);
    }
}
