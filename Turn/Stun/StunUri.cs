using System.Globalization;

namespace MediaRelay.Stun;

/// <summary>
/// A <c>stun:</c>, <c>stuns:</c>, <c>turn:</c> or <c>turns:</c> URI (RFC 7064, RFC 7065): <c>turn:host[:port][?transport=udp|tcp]</c>.
/// There is no <c>//</c>, user or path.
/// </summary>
/// <param name="IsTurn">turn or turns.</param>
/// <param name="IsSecure">stuns or turns: TLS over TCP, DTLS over UDP.</param>
/// <param name="Host">Name or address; an IPv6 address without brackets.</param>
/// <param name="Port">3478, or 5349 for a secure scheme, unless the URI says otherwise.</param>
/// <param name="Transport">UDP for turn, TLS for turns and stuns, unless <c>transport</c> says otherwise.</param>
public sealed record StunUri(bool IsTurn, bool IsSecure, string Host, ushort Port, StunTransport Transport)
{
    public const ushort DefaultPort = 3478;
    public const ushort DefaultSecurePort = 5349;

    public static bool TryParse(ReadOnlySpan<char> text, out StunUri? uri)
    {
        uri = null;
        var colon = text.IndexOf(':');
        if (colon < 0 || text.Length > 512 || !TryReadScheme(text[..colon], out var isTurn, out var isSecure))
            return false;
        var rest = text[(colon + 1)..];
        var query = rest.IndexOf('?');
        var transport = isSecure ? StunTransport.Tls : StunTransport.Udp;
        if (query >= 0 && (!isTurn || !TryReadTransport(rest[(query + 1)..], isSecure, out transport)))
            return false;
        if (!TryReadHost(query < 0 ? rest : rest[..query], out var host, out var portText))
            return false;
        var port = isSecure ? DefaultSecurePort : DefaultPort;
        if (!portText.IsEmpty && (!ushort.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out port) || port == 0))
            return false;
        uri = new StunUri(isTurn, isSecure, host, port, transport);
        return true;
    }

    /// <summary>The shortest URI with the same meaning.</summary>
    public override string ToString()
    {
        var scheme = (IsTurn ? "turn" : "stun") + (IsSecure ? "s" : "");
        var host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        var port = Port == (IsSecure ? DefaultSecurePort : DefaultPort) ? "" : string.Create(CultureInfo.InvariantCulture, $":{Port}");
        var transport = Transport switch { StunTransport.Tcp => "?transport=tcp", StunTransport.Dtls when IsTurn => "?transport=udp", _ => "" };
        return $"{scheme}:{host}{port}{transport}";
    }

    private static bool TryReadScheme(ReadOnlySpan<char> scheme, out bool isTurn, out bool isSecure)
    {
        isTurn = scheme.StartsWith("turn", StringComparison.OrdinalIgnoreCase);
        isSecure = scheme.Length == 5 && scheme[4] is 's' or 'S';
        return (isTurn || scheme.StartsWith("stun", StringComparison.OrdinalIgnoreCase)) && (scheme.Length == 4 || (isSecure && scheme.Length == 5));
    }

    private static bool TryReadTransport(ReadOnlySpan<char> query, bool isSecure, out StunTransport transport)
    {
        transport = default;
        const string key = "transport=";
        if (!query.StartsWith(key, StringComparison.OrdinalIgnoreCase))
            return false;
        var value = query[key.Length..];
        var isTcp = value.Equals("tcp", StringComparison.OrdinalIgnoreCase);
        transport = isTcp ? (isSecure ? StunTransport.Tls : StunTransport.Tcp) : isSecure ? StunTransport.Dtls : StunTransport.Udp;
        return isTcp || value.Equals("udp", StringComparison.OrdinalIgnoreCase);
    }

    private static bool TryReadHost(ReadOnlySpan<char> text, out string host, out ReadOnlySpan<char> port)
    {
        host = string.Empty;
        port = default;
        if (text.StartsWith("["))
        {
            var close = text.IndexOf(']');
            if (close < 0 || !TransportAddress.TryParseAddress(text[1..close], 0, out var address) || !address.IsV6)
                return false;
            host = text[1..close].ToString();
            text = text[(close + 1)..];
            port = text.IsEmpty ? text : text[1..];
            return text.IsEmpty || (text[0] == ':' && text.Length > 1);
        }

        var colon = text.IndexOf(':');
        var name = colon < 0 ? text : text[..colon];
        port = colon < 0 ? default : text[(colon + 1)..];
        if (name.IsEmpty || (colon >= 0 && port.IsEmpty))
            return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_' or '~'))
                return false;
        }

        host = name.ToString();
        return true;
    }
}
