using MediaRelay.Stun;

namespace MediaRelay.Turn;

/// <summary>
/// Sibling relays a client can be sent to. An address of the client's own family is chosen in turn (RFC 8489 section 10); without
/// one the answer is 508.
/// </summary>
/// <param name="Addresses">Listeners for UDP and TCP clients.</param>
/// <param name="TlsAddresses">Listeners for TLS and DTLS clients.</param>
/// <param name="Mode">When clients are redirected.</param>
public sealed record AlternateServers(IReadOnlyList<TransportAddress> Addresses, IReadOnlyList<TransportAddress> TlsAddresses, RedirectMode Mode = RedirectMode.WhenDraining)
{
    public static AlternateServers None { get; } = new([], []);
}
