using System.Globalization;
using System.Net;

namespace MediaRelay.Server.Hosting;

/// <summary>Reads "address:port" texts of the command line and the configuration; names are not resolved.</summary>
internal static class Endpoints
{
    /// <summary>Reads <c>127.0.0.1:3478</c>, <c>[::1]:3478</c> or <c>:3478</c> (all IPv4 and IPv6 addresses). Port 0 lets the system choose.</summary>
    public static bool TryParse(string text, out IPEndPoint endpoint)
    {
        endpoint = new IPEndPoint(IPAddress.None, 0);
        var colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        var host = text[..colon];
        if (host.Length == 0)
        {
            endpoint = new IPEndPoint(IPAddress.IPv6Any, port);
            return true;
        }

        if (host.Contains(':', StringComparison.Ordinal) && !(host.StartsWith('[') && host.EndsWith(']')))
        {
            return false;
        }

        if (!IPAddress.TryParse(host.Trim('[', ']'), out var address))
        {
            return false;
        }

        endpoint = new IPEndPoint(address, port);
        return true;
    }

    /// <exception cref="FormatException">The text is not an address and port; the message is a sentence for the operator.</exception>
    public static IPEndPoint Parse(string text) =>
        TryParse(text, out var endpoint) ? endpoint : throw new FormatException($"\"{text}\" is not an address and port. Write 127.0.0.1:3478, [::1]:3478 or :3478.");
}
