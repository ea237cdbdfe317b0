namespace MediaRelay.Stun;

/// <summary>Address family with the numbers that STUN puts on the wire (RFC 8489 section 14.1).</summary>
public enum IpFamily : byte
{
    None = 0,
    V4 = 1,
    V6 = 2,
}
