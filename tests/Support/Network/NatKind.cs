namespace MediaRelay.Tests.Support.Network;

/// <summary>How a virtual NAT maps and filters UDP (RFC 4787 sections 4 and 5). Streams always get out.</summary>
public enum NatKind
{
    /// <summary>One mapping per inner address and port; anybody may send to it ("full cone").</summary>
    EndpointIndependent,

    /// <summary>One mapping per inner address and port; only addresses that were sent to may answer.</summary>
    AddressRestricted,

    /// <summary>One mapping per inner address and port; only addresses and ports that were sent to may answer.</summary>
    PortRestricted,

    /// <summary>One mapping per inner address and port and destination; only that destination may answer.</summary>
    Symmetric,

    /// <summary>No UDP passes in either direction.</summary>
    UdpBlocked,
}
