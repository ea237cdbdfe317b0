namespace MediaRelay.Media.Rtp;

/// <summary>Tells the protocols of one port apart by the first byte, RTP and RTCP by the second (RFC 7983, RFC 5761 section 4).</summary>
public static class PacketDemux
{
    public static PacketKind Kind(ReadOnlySpan<byte> datagram)
    {
        if (datagram.IsEmpty) return PacketKind.Unknown;
        return datagram[0] switch
        {
            <= 3 => PacketKind.Stun,
            >= 16 and <= 19 => PacketKind.Zrtp,
            >= 20 and <= 63 => PacketKind.Dtls,
            >= 64 and <= 79 => PacketKind.TurnChannel,
            >= 80 and <= 127 or >= 192 => PacketKind.Quic,
            >= 128 and <= 191 => datagram.Length > 1 && datagram[1] is >= 192 and <= 223 ? PacketKind.Rtcp : PacketKind.Rtp,
            _ => PacketKind.Unknown,
        };
    }
}
