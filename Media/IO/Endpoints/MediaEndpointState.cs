namespace MediaRelay.Media.IO;

/// <summary>State of a media endpoint, named as the W3C's RTCPeerConnectionState.</summary>
public enum MediaEndpointState
{
    /// <summary>Nothing has been negotiated yet.</summary>
    New,

    /// <summary>ICE checks or the DTLS handshake are going on.</summary>
    Connecting,

    /// <summary>The fingerprint matched and media flows.</summary>
    Connected,

    /// <summary>Consent answers are missing; media still flows until consent expires.</summary>
    Disconnected,

    /// <summary>No path, a wrong fingerprint, or consent lost; a restart may help for the path only.</summary>
    Failed,

    /// <summary>Closed by its owner or by the peer.</summary>
    Closed,
}
