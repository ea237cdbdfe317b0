namespace MediaRelay.Signaling.Contract;

/// <summary>First contact or renewal: a certificate request (PKCS 10, PEM) and, the first time, the claim code.</summary>
/// <param name="Gateway">The gateway's id.</param>
/// <param name="Claim">The code printed on the gateway or given by the operator; null for a renewal with the old certificate.</param>
/// <param name="Csr">The request, PEM.</param>
public sealed record EnrolRequest(string Gateway, string? Claim, string Csr);
