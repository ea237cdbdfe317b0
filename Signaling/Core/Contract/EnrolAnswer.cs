namespace MediaRelay.Signaling.Contract;

/// <summary>The certificate of a gateway.</summary>
/// <param name="Gateway">The gateway's id.</param>
/// <param name="NotAfter">End of its validity.</param>
/// <param name="Certificate">The certificate, PEM.</param>
/// <param name="Authority">The operator's authority, PEM; the gateway pins it.</param>
public sealed record EnrolAnswer(string Gateway, DateTimeOffset NotAfter, string Certificate, string Authority);
