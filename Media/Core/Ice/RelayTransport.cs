namespace MediaRelay.Media.Ice;

/// <summary>How a TURN server is reached, best first.</summary>
public enum RelayTransport
{
    Udp,
    Tcp,
    Tls,
}
