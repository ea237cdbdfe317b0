namespace MediaRelay.Media.Sdp;

/// <summary>Who starts the DTLS handshake (RFC 4145 section 4, RFC 5763 section 5).</summary>
public enum DtlsSetup
{
    /// <summary>Either end may start; only in offers.</summary>
    ActPass,

    /// <summary>The sender of this line is the DTLS client.</summary>
    Active,

    /// <summary>The sender of this line is the DTLS server.</summary>
    Passive,

    /// <summary>No association yet; refused for media.</summary>
    HoldConn,
}
