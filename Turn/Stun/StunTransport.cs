namespace MediaRelay.Stun;

/// <summary>How STUN and TURN messages travel between client and server.</summary>
public enum StunTransport
{
    Udp,
    Tcp,
    Tls,
    Dtls,
}
