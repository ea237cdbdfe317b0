namespace MediaRelay.Signaling.IO.Authority;

/// <summary>A certificate made by the operator's authority.</summary>
/// <param name="CertificatePem">The certificate.</param>
/// <param name="KeyPem">Its private key, null when the other side made it.</param>
/// <param name="Serial">Serial number, hexadecimal.</param>
/// <param name="NotAfter">End of its validity.</param>
public sealed record IssuedCertificate(string CertificatePem, string? KeyPem, string Serial, DateTimeOffset NotAfter);
