using MediaRelay.Stun;

namespace MediaRelay.Turn.Peers;

/// <summary>
/// The built-in ranges. IPv4 lists what is refused. IPv6 is refused unless inside 2000::/3, so every form that embeds an IPv4
/// address and every range assigned later fails closed.
/// </summary>
internal static class RefusedRanges
{
    /// <summary>Not reachable unless a rule opens them.</summary>
    public static readonly PeerPrefix[] V4 =
    [
        Prefix("0.0.0.0/8"), Prefix("10.0.0.0/8"), Prefix("100.64.0.0/10"), Prefix("127.0.0.0/8"), Prefix("169.254.0.0/16"),
        Prefix("172.16.0.0/12"), Prefix("192.0.0.0/24"), Prefix("192.0.2.0/24"), Prefix("192.88.99.0/24"), Prefix("192.168.0.0/16"),
        Prefix("198.18.0.0/15"), Prefix("198.51.100.0/24"), Prefix("203.0.113.0/24"), Prefix("224.0.0.0/4"), Prefix("240.0.0.0/4"),
    ];

    /// <summary>Never reachable, whatever the rules say: unspecified, loopback, link-local, multicast, broadcast.</summary>
    public static readonly PeerPrefix[] V4Fixed =
    [
        Prefix("0.0.0.0/8"), Prefix("127.0.0.0/8"), Prefix("169.254.0.0/16"), Prefix("224.0.0.0/4"), Prefix("255.255.255.255/32"),
    ];

    /// <summary>The only part of IPv6 that is open at all by default.</summary>
    public static readonly PeerPrefix V6Global = Prefix("2000::/3");

    /// <summary>Refused inside 2000::/3 unless a rule opens them.</summary>
    public static readonly PeerPrefix[] V6 =
    [
        Prefix("2001::/23"), Prefix("2001:db8::/32"), Prefix("2002::/16"), Prefix("3fff::/20"),
    ];

    /// <summary>
    /// Never reachable: unspecified, loopback and IPv4-compatible (::/96), IPv4-mapped, IPv4-translated, link-local, site-local,
    /// multicast. An IPv4 peer is named by its IPv4 address.
    /// </summary>
    public static readonly PeerPrefix[] V6Fixed =
    [
        Prefix("::/96"), Prefix("::ffff:0:0/96"), Prefix("::ffff:0:0:0/96"), Prefix("fe80::/10"), Prefix("fec0::/10"), Prefix("ff00::/8"),
    ];

    public static readonly PeerPrefix WellKnownNat64 = Prefix("64:ff9b::/96");
    public static readonly PeerPrefix LocalNat64 = Prefix("64:ff9b:1::/48");
    public static readonly PeerPrefix SixToFour = Prefix("2002::/16");
    public static readonly PeerPrefix Teredo = Prefix("2001::/32");

    public static bool Contains(PeerPrefix[] ranges, UInt128 bits)
    {
        foreach (ref readonly var range in ranges.AsSpan())
        {
            if (range.Contains(bits))
            {
                return true;
            }
        }

        return false;
    }

    private static PeerPrefix Prefix(string text) => PeerPrefix.Parse(text);
}
