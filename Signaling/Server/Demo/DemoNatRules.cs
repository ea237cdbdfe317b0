namespace MediaRelay.Server.Demo;

/// <summary>nftables rules that make a Linux router a NAT of one kind. Its devices are <c>wan</c> and <c>lan</c>, one host is behind it.</summary>
internal static class DemoNatRules
{
    /// <summary>The rules for <c>nft -f -</c>.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="inside">IPv4 address of the host behind the router.</param>
    /// <param name="extra">More rules of the forward chain, one a line.</param>
    public static string Of(DemoNatKind kind, string inside, string extra = "") => $$"""
        table ip nat {
          chain pre {
            type nat hook prerouting priority -100
            {{(kind == DemoNatKind.EndpointIndependent ? $"iifname \"wan\" udp dport 1024-65535 dnat to {inside}" : "")}}
          }
          chain post {
            type nat hook postrouting priority 100
            oifname "wan" masquerade{{(kind == DemoNatKind.Symmetric ? " fully-random" : "")}}
          }
        }
        table ip filter {
          chain input {
            type filter hook input priority 0
            iifname "wan" meta l4proto { tcp, udp } drop
          }
          chain forward {
            type filter hook forward priority 0
            {{(kind == DemoNatKind.UdpBlocked ? "meta l4proto udp drop" : "")}}
            {{(kind == DemoNatKind.EndpointIndependent ? "" : "iifname \"wan\" ct state new drop")}}
            {{extra}}
          }
        }

        """;

    // The input chain matters for more than safety: a datagram that comes before the home's own to that address would
    // otherwise leave a connection entry, and the kernel would then give the home's flow another port (no longer one mapping).
}
