namespace MediaRelay.Media.Srtp;

/// <summary>The 48-bit index of an RTP packet: rollover counter and sequence number (RFC 3711 section 3.3.1).</summary>
internal static class PacketIndex
{
    public const long Most = (1L << 48) - 1;

    /// <summary>Rollover counter that fits <paramref name="sequence"/> best; -1 means before the start.</summary>
    public static long GuessRollover(ushort sequence, ushort highest, long rollover) => highest < 0x8000
        ? sequence - highest > 0x8000 ? rollover - 1 : rollover
        : highest - 0x8000 > sequence ? rollover + 1 : rollover;

    /// <summary>Best index after <paramref name="highest"/> (-1: none yet, then rollover 0); negative means before the start.</summary>
    public static long Guess(ushort sequence, long highest)
    {
        if (highest < 0) return sequence;
        var rollover = GuessRollover(sequence, (ushort)highest, highest >> 16);
        return rollover < 0 ? -1 : (rollover << 16) | sequence;
    }
}
