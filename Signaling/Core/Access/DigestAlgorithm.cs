namespace MediaRelay.Signaling.Access;

/// <summary>Hash of HTTP digest authentication (RFC 7616 section 3.2).</summary>
public enum DigestAlgorithm
{
    /// <summary>The default.</summary>
    Sha256,

    /// <summary>Only for old gateways that are marked for it.</summary>
    Md5,
}
