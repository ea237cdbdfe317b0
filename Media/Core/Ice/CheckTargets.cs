using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>
/// Decides which remote addresses may be checked, so that a peer cannot aim checks at third parties. Outside 2000::/3 only the IPv6
/// ranges named here are allowed. The unspecified address, link-local IPv4, multicast, reserved and documentation ranges stay refused in
/// every setting unless <see cref="Allowed"/> names them. Addresses of the session's own relays are allowed in addition, whatever they are.
/// </summary>
public sealed record CheckTargets
{
    private static readonly AddressRange[] Refused = Ranges(
        "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    private static readonly AddressRange[] Private = Ranges(
        "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10");

    private static readonly AddressRange[] Loopback = Ranges("127.0.0.0/8", "::1/128");

    private static readonly AddressRange GlobalV6 = AddressRange.Parse("2000::/3");

    /// <summary>Public addresses only: for a server that has nothing to look for in private networks.</summary>
    public static CheckTargets PublicOnly { get; } = new();

    /// <summary>Public and private addresses: for a gateway, whose viewers may be in the same home. The default.</summary>
    public static CheckTargets SameHome { get; } = new() { AllowPrivate = true };

    /// <summary>Private ranges, carrier NAT, unique-local and link-local IPv6 may be checked.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>Loopback may be checked: demonstrations and tests on one machine.</summary>
    public bool AllowLoopback { get; init; }

    /// <summary>Ranges that may be checked in any case.</summary>
    public IReadOnlyList<AddressRange> Allowed { get; init; } = [];

    /// <summary>True when a check may be sent to the address.</summary>
    public bool Allows(TransportAddress address)
    {
        if (address.IsNone || address.Port == 0 || address.IsUnspecified) return false;
        foreach (var range in Allowed)
            if (range.Contains(address)) return true;
        if (Contains(Refused, address)) return false;
        if (Contains(Private, address)) return AllowPrivate;
        if (Contains(Loopback, address)) return AllowLoopback;
        return address.IsV4 || GlobalV6.Contains(address);
    }

    private static bool Contains(AddressRange[] ranges, TransportAddress address)
    {
        foreach (var range in ranges)
            if (range.Contains(address)) return true;
        return false;
    }

    private static AddressRange[] Ranges(params string[] texts) => Array.ConvertAll(texts, AddressRange.Parse);
}
