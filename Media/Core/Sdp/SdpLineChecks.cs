using System.Globalization;
using System.Net;

namespace MediaRelay.Media.Sdp;

/// <summary>Grammar of single lines (RFC 8866 section 9). Each check gives null or the reason for refusal.</summary>
internal static class SdpLineChecks
{
    public static string? Fault(char type, string value, bool strict) => type switch
    {
        'o' => strict ? Origin(value) : null,
        'c' => Connection(value, strict),
        't' => strict ? Time(value) : null,
        'b' => strict ? Bandwidth(value) : null,
        'a' => value.Length == 0 || value[0] == ':' ? "the attribute has no name" : null,
        _ => null,
    };

    public static string? Media(string value, bool strict, out MediaDescription? media)
    {
        media = null;
        var parts = value.Split(' ', strict ? StringSplitOptions.None : StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < 3) return "m= needs a media type, a port, a protocol and a format";
        if (!IsToken(parts[0])) return "the media type is not a word";
        var slash = parts[1].IndexOf('/', StringComparison.Ordinal);
        if (!Number(slash < 0 ? parts[1] : parts[1].AsSpan(0, slash), 65535, out var port)) return "the port is not a number from 0 to 65535";
        var count = 1L;
        if (slash >= 0 && (!Number(parts[1].AsSpan(slash + 1), 65535, out count) || count == 0)) return "the port count is not a number from 1 to 65535";
        if (parts[2].Length == 0) return "m= has no protocol";
        if (parts.Length < 4 || parts[3].Length == 0) return "m= has no format";
        media = new MediaDescription(parts[0], (int)port, parts[2], parts[3..]) { PortCount = (int)count };
        if (!media.IsRtp) return null;
        for (var i = 0; i < media.Formats.Count; i++)
        {
            if (!Number(media.Formats[i], 127, out _)) return "a payload type is not a number from 0 to 127";
            if (strict && media.Formats.IndexOf(media.Formats[i]) != i) return "a payload type is listed twice";
        }
        return null;
    }

    private static string? Origin(string value)
    {
        var parts = value.Split(' ');
        if (parts.Length != 6 || parts.Contains("", StringComparer.Ordinal)) return "o= does not have six fields";
        if (!ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out _)) return "the session id is not a number";
        if (!ulong.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out _)) return "the session version is not a number";
        return parts[3] == "IN" && parts[4] is "IP4" or "IP6" ? null : "the origin is not of network type IN with IP4 or IP6";
    }

    private static string? Connection(string value, bool strict)
    {
        var parts = value.Split(' ', strict ? StringSplitOptions.None : StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 3) return "c= does not have three fields";
        if (parts[0] != "IN") return "the network type is not IN";
        return parts[1] switch
        {
            "IP4" => Connection4(parts[2].Split('/'), strict),
            "IP6" => Connection6(parts[2].Split('/')),
            _ => "the address type is neither IP4 nor IP6",
        };
    }

    private static string? Connection4(string[] parts, bool strict)
    {
        if (!LooksLikeIPv4(parts[0])) return IsHostName(parts[0]) && parts.Length == 1 ? null : "the address is not an IPv4 address or host name";
        if (parts[0].Count(c => c == '.') != 3 || !IPAddress.TryParse(parts[0], out var address)) return "the IPv4 address is not valid";
        if ((address.GetAddressBytes()[0] & 0xf0) != 0xe0) return parts.Length == 1 ? null : "a unicast address has no time to live";
        if (parts.Length == 1) return strict ? "an IPv4 multicast address needs a time to live" : null;
        if (!Number(parts[1], 255, out _)) return "the time to live is not a number from 0 to 255";
        return parts.Length == 2 || (parts.Length == 3 && Number(parts[2], 65535, out var count) && count > 0) ? null : "the address count is not a number from 1 to 65535";
    }

    private static string? Connection6(string[] parts)
    {
        if (!parts[0].Contains(':', StringComparison.Ordinal))
            return !LooksLikeIPv4(parts[0]) && IsHostName(parts[0]) && parts.Length == 1 ? null : "the address is not an IPv6 address or host name";
        if (!IsIPv6(parts[0])) return "the IPv6 address is not valid";
        if (parts.Length == 1) return null;
        var multicast = parts[0].StartsWith("ff", StringComparison.OrdinalIgnoreCase);
        return multicast && parts.Length == 2 && Number(parts[1], 65535, out var count) && count > 0 ? null : "an IPv6 address has at most a count, and only for multicast";
    }

    private static string? Time(string value)
    {
        var parts = value.Split(' ');
        if (parts.Length != 2) return "t= does not have two numbers";
        if (!Number(parts[0], long.MaxValue, out var start) || !Number(parts[1], long.MaxValue, out var stop)) return "t= does not have two numbers";
        return stop != 0 && stop < start ? "the session stops before it starts" : null;
    }

    private static string? Bandwidth(string value)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1) return "b= has no colon";
        return Number(value.AsSpan(colon + 1), long.MaxValue, out _) ? null : "the bandwidth is not a number";
    }

    public static bool Number(ReadOnlySpan<char> text, long most, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= most;

    /// <summary>Token of RFC 8866 section 9.</summary>
    public static bool IsToken(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
            if (c is <= ' ' or >= '\x7f' or '"' or '(' or ')' or ',' or '/' or ':' or ';' or '<' or '=' or '>' or '?' or '@' or '[' or '\\' or ']') return false;
        return text.Length > 0;
    }

    public static bool IsHostName(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_')) return false;
        return text.Length is > 0 and <= 255;
    }

    private static bool LooksLikeIPv4(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
            if (!char.IsAsciiDigit(c) && c != '.') return false;
        return text.Length > 0;
    }

    private static bool IsIPv6(string text) =>
        !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal) && IPAddress.TryParse(text, out var address)
        && address.GetAddressBytes().Length == 16;
}
