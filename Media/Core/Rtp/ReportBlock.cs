using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>What a receiver says about one source (RFC 3550 section 6.4.1).</summary>
/// <param name="Ssrc">The source reported on.</param>
/// <param name="FractionLost">Lost since the last report, in 1/256.</param>
/// <param name="TotalLost">Lost since the start, 24 bits with sign.</param>
/// <param name="HighestSequence">Highest sequence number, with cycles in the upper 16 bits.</param>
/// <param name="Jitter">Inter-arrival jitter in ticks of the codec's clock.</param>
/// <param name="LastSenderReport">Middle NTP bits of the last SR; 0 without one.</param>
/// <param name="DelaySinceLast">Since that SR, in 1/65536 s.</param>
public readonly record struct ReportBlock(uint Ssrc, byte FractionLost, int TotalLost, uint HighestSequence, uint Jitter, uint LastSenderReport, uint DelaySinceLast)
{
    public const int Length = 24;

    internal static ReportBlock Read(ReadOnlySpan<byte> block)
    {
        var lost = (int)(BinaryPrimitives.ReadUInt32BigEndian(block[4..]) << 8) >> 8;
        return new ReportBlock(BinaryPrimitives.ReadUInt32BigEndian(block), block[4], lost, BinaryPrimitives.ReadUInt32BigEndian(block[8..]),
            BinaryPrimitives.ReadUInt32BigEndian(block[12..]), BinaryPrimitives.ReadUInt32BigEndian(block[16..]), BinaryPrimitives.ReadUInt32BigEndian(block[20..]));
    }

    internal void Write(Span<byte> block)
    {
        BinaryPrimitives.WriteUInt32BigEndian(block, Ssrc);
        BinaryPrimitives.WriteInt32BigEndian(block[4..], Math.Clamp(TotalLost, -0x80_0000, 0x7f_ffff) & 0xff_ffff);
        block[4] = FractionLost;
        BinaryPrimitives.WriteUInt32BigEndian(block[8..], HighestSequence);
        BinaryPrimitives.WriteUInt32BigEndian(block[12..], Jitter);
        BinaryPrimitives.WriteUInt32BigEndian(block[16..], LastSenderReport);
        BinaryPrimitives.WriteUInt32BigEndian(block[20..], DelaySinceLast);
    }

    /// <summary>Round trip from the moment the report arrives (middle NTP bits); null when no SR was seen or the clock went back.</summary>
    public TimeSpan? RoundTrip(uint arrivalMiddleNtp)
    {
        if (LastSenderReport == 0) return null;
        var ticks = (int)(arrivalMiddleNtp - LastSenderReport - DelaySinceLast);
        return ticks < 0 ? null : TimeSpan.FromSeconds(ticks / 65536.0);
    }
}
