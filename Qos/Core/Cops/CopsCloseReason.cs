namespace MediaRelay.Qos.Cops;

/// <summary>Why a COPS session ended.</summary>
public enum CopsCloseReason
{
    None,
    PeerClosed,
    TransportLost,
    BadFrame,
    FrameTimeout,
    OpenTimeout,
    KeepAliveTimeout,
    VersionRefused,
    OutputLimit,
    ShutDown,
}
