namespace MediaRelay.Stun;

/// <summary>What an ICMP attribute reports to a TURN client about a peer (RFC 8656 section 18.13).</summary>
/// <param name="Type">ICMPv4 or ICMPv6 type, 7 bits on the wire (all types in use fit).</param>
/// <param name="Code">ICMP code, 9 bits on the wire.</param>
/// <param name="ErrorBytes">The second 32 bits of the ICMP header, for example the next-hop MTU of "packet too big".</param>
public readonly record struct IcmpError(byte Type, ushort Code, uint ErrorBytes);
