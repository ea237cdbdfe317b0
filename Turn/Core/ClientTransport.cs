namespace MediaRelay.Turn;

/// <summary>How a TURN client reaches a listener.</summary>
public enum ClientTransport : byte
{
    Udp,
    Tcp,
    Tls,
    Dtls,
}
