using System.Net;

namespace MediaRelay.Turn.Tests.Peers;

/// <summary>
/// A slow second opinion on the default policy, written from the IANA special-purpose registries with text ranges and
/// <see cref="IPNetwork"/>, so that it shares no code with the filter.
/// </summary>
internal static class ReferencePolicy
{
    private static readonly IPNetwork[] ClosedV4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(t => IPNetwork.Parse(t)),
    ];

    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork[] ClosedV6 = [.. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20" }.Select(t => IPNetwork.Parse(t))];

    public static bool IsOpenV4(uint bits)
    {
        var address = new IPAddress([(byte)(bits >> 24), (byte)(bits >> 16), (byte)(bits >> 8), (byte)bits]);
        return !ClosedV4.Any(n => n.Contains(address));
    }

    public static bool IsOpenV6(IPAddress address)
    {
        // IPNetwork takes mapped addresses for IPv4 ones.
        if (address.IsIPv4MappedToIPv6 || !Global.Contains(address) || ClosedV6.Any(n => n.Contains(address)))
        {
            return false;
        }

        var bytes = address.GetAddressBytes();
        var isatap = bytes[8] is 0 or 2 && bytes[9] == 0 && bytes[10] == 0x5E && bytes[11] == 0xFE;
        return !isatap || IsOpenV4(((uint)bytes[12] << 24) | ((uint)bytes[13] << 16) | ((uint)bytes[14] << 8) | bytes[15]);
    }

    /// <summary>Puts an address near a border of the tables.</summary>
    public static void Edge(int which, Span<byte> bytes)
    {
        ReadOnlySpan<byte> head = which switch
        {
            0 => [0x20, 0x01, 0x01],
            1 => [0x20, 0x01, 0x02],
            2 => [0x20, 0x01, 0x0D, 0xB8],
            3 => [0x20, 0x01, 0x0D, 0xB9],
            4 => [0x20, 0x02],
            5 => [0x20, 0x03],
            6 => [0x3F, 0xFF, 0x0F],
            7 => [0x3F, 0xFF, 0x10],
            8 => [0x1F, 0xFF],
            9 => [0x40, 0x00],
            10 => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
            _ => [0x2A, 0x00, 0, 0, 0, 0, 0, 0, 2, 0, 0x5E, 0xFE],
        };
        head.CopyTo(bytes);
    }
}
