using MediaRelay.Stun;

namespace MediaRelay.Turn.Discovery;

/// <summary>Where the answer of NAT behaviour discovery leaves and goes to (RFC 5780 section 6.1, table 1).</summary>
/// <param name="Length">Bytes of the answer, 0 for none.</param>
/// <param name="Source">Which of the four sockets sends it.</param>
/// <param name="Destination">The client, or the port it named in RESPONSE-PORT.</param>
public readonly record struct DiscoveryReply(int Length, DiscoverySocket Source, TransportAddress Destination);
