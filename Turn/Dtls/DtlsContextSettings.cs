namespace MediaRelay.Dtls;

/// <summary>What all sessions of one <see cref="DtlsContext"/> have in common.</summary>
public sealed record DtlsContextSettings
{
    /// <summary>SRTP profiles offered or accepted, best first; empty switches use_srtp off (TURN over DTLS).</summary>
    public IReadOnlyList<DtlsSrtpProfile> SrtpProfiles { get; init; } = [];

    /// <summary>Whether the peer must show a certificate. Its fingerprint is the caller's to compare (RFC 5763 section 5).</summary>
    public bool RequirePeerCertificate { get; init; }

    /// <summary>ALPN names, best first (RFC 7443 for STUN and TURN); empty sends and selects none. Each 1 to 255 ASCII bytes.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>Settings of a WebRTC peer: both SRTP profiles, AES-GCM first, and a certificate from the other side.</summary>
    public static DtlsContextSettings Srtp { get; } = new()
    {
        SrtpProfiles = [DtlsSrtpProfile.AeadAes128Gcm, DtlsSrtpProfile.AesCm128HmacSha1Tag80],
        RequirePeerCertificate = true,
    };

    /// <summary>Settings of a TURN listener: application data only, no client certificate.</summary>
    public static DtlsContextSettings Turn { get; } = new() { ApplicationProtocols = ["stun.turn"] };
}
