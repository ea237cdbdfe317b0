using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>The addresses that media sockets are opened on.</summary>
internal static class LocalAddresses
{
    private const int Most = 8;

    /// <summary>The configured addresses, or those of all interfaces that are up; IPv4 first, at most eight.</summary>
    public static IReadOnlyList<IPAddress> Find(MediaOptions options)
    {
        if (options.Addresses.Count > 0) return [.. options.Addresses.Select(IPAddress.Parse).Take(Most)];
        var found = new List<IPAddress>();
        foreach (var card in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (card.OperationalStatus is not (OperationalStatus.Up or OperationalStatus.Unknown)) continue;
            foreach (var unicast in card.GetIPProperties().UnicastAddresses)
            {
                var address = unicast.Address;
                if (address.IsIPv6LinkLocal || address.IsIPv4MappedToIPv6 || (IPAddress.IsLoopback(address) && !options.UseLoopback)) continue;
                if (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes() is [169, 254, ..]) continue;
                found.Add(new IPAddress(address.GetAddressBytes()));
            }
        }
        return [.. found.Distinct().OrderBy(a => a.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).Take(Most)];
    }
}
