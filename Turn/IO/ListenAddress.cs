using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using MediaRelay.Stun;

namespace MediaRelay.Turn.IO;

/// <summary>
/// An address to listen on as the operator writes it: one address, or a wildcard that stands for every address of the machine.
/// Wildcards are expanded because an answer must leave from the address that was asked.
/// </summary>
internal readonly record struct ListenAddress(TransportAddress Address, bool AnyV4, bool AnyV6)
{
    public static bool TryRead(string text, out ListenAddress listen)
    {
        listen = default;
        if (text.StartsWith(':') && ushort.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            listen = new ListenAddress(TransportAddress.V4(0, port), true, true);
            return true;
        }

        if (!TransportAddress.TryParse(text, out var address))
            return false;
        listen = new ListenAddress(address, address.IsUnspecified && address.IsV4, address.IsUnspecified && address.IsV6);
        return true;
    }

    /// <summary>The addresses that are meant, each once.</summary>
    public static IReadOnlyList<TransportAddress> Expand(IEnumerable<string> texts, IReadOnlyList<TransportAddress> interfaces)
    {
        var result = new List<TransportAddress>();
        foreach (var text in texts)
        {
            if (!TryRead(text, out var listen))
                throw new FormatException($"'{text}' is no address to listen on. Write 10.0.0.1:3478, [2001:db8::1]:3478 or :3478.");
            if (!listen.AnyV4 && !listen.AnyV6)
                result.Add(listen.Address);
            else
                result.AddRange(interfaces.Where(a => a.IsV4 ? listen.AnyV4 : listen.AnyV6).Select(a => a.WithPort(listen.Address.Port)));
        }

        return [.. result.Distinct()];
    }

    /// <summary>Every address of the machine's interfaces except IPv6 link-local ones, port 0.</summary>
    public static IReadOnlyList<TransportAddress> OfInterfaces() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(card => card.OperationalStatus != OperationalStatus.Down)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => !address.IsIPv6LinkLocal)
            .Select(address => TransportAddress.From(new IPEndPoint(address, 0)))
            .Distinct(),
    ];
}
