namespace MediaRelay.Media.Rtp;

/// <summary>Protocols that share one port (RFC 7983, RFC 9443).</summary>
public enum PacketKind
{
    Unknown,
    Stun,
    Zrtp,
    Dtls,
    TurnChannel,
    Quic,
    Rtp,
    Rtcp,
}
