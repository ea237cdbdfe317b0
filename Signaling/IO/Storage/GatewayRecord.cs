using MediaRelay.Signaling.Gateways;
namespace MediaRelay.Signaling.IO.Storage;

/// <summary>What the server knows about a gateway.</summary>
public sealed record GatewayRecord
{
    /// <summary>The gateway's id.</summary>
    public required string Id { get; init; }

    /// <summary>The home it stands in; stored as the gateway's id when none is named.</summary>
    public string Home { get; init; } = "";

    /// <summary>The subscriber's address as the operator's network knows it; for gates.</summary>
    public string Subscriber { get; init; } = "";

    /// <summary>False: every request is refused.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>Encrypted H(user:realm:password) for SHA-256; null when digest is not allowed.</summary>
    public byte[]? DigestSecret { get; init; }

    /// <summary>The same for MD5; null unless this gateway is marked as old.</summary>
    public byte[]? DigestSecretMd5 { get; init; }

    /// <summary>SHA-256 of the claim code for the first enrolment; null when it was used or never given.</summary>
    public byte[]? ClaimDigest { get; init; }

    /// <summary>End of the claim code.</summary>
    public DateTimeOffset? ClaimUntil { get; init; }

    /// <summary>Serial number of the certificate issued last.</summary>
    public string? CertificateSerial { get; init; }

    /// <summary>End of that certificate.</summary>
    public DateTimeOffset? CertificateNotAfter { get; init; }

    /// <summary>Its software, as it said in its last hello.</summary>
    public string? Software { get; init; }

    /// <summary>Version of its configuration, as it said.</summary>
    public string? ConfigActive { get; init; }

    /// <summary>Its presence when last noted.</summary>
    public PresenceState Presence { get; init; }

    /// <summary>When it was last heard.</summary>
    public DateTimeOffset? LastSeen { get; init; }
}
