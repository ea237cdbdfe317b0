namespace MediaRelay.Media.IO.Cameras.Rtsp;

/// <summary>How RTP travels from an RTSP camera (RFC 2326 section 12.39).</summary>
public enum RtspTransport
{
    /// <summary>Interleaved on the RTSP connection; passes every firewall that RTSP passes.</summary>
    Tcp,

    /// <summary>A pair of UDP ports per track.</summary>
    Udp,
}
