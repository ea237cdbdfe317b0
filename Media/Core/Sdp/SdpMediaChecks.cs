using System.Globalization;

namespace MediaRelay.Media.Sdp;

/// <summary>Rules of the attributes in one section. Each check gives null or the reason for refusal.</summary>
internal static class SdpMediaChecks
{
    public static string? Fault(SessionDescription session, MediaDescription media, bool strict, SdpLimits limits)
    {
        var (candidates, fingerprints) = (0, 0);
        foreach (var line in media.Lines)
        {
            if (line.IsAttribute("candidate") && ++candidates > limits.CandidatesPerMedia) return "too many candidates";
            if (line.IsAttribute("fingerprint") && ++fingerprints > limits.Fingerprints) return "too many fingerprints";
            if (line.Type == 'a' && Attribute(media, line, strict) is { } fault) return fault;
        }
        if (Transport(media) is { } transport) return transport;
        if (strict && session.Inherited(media, "ice-ufrag") is not null && session.Inherited(media, "ice-pwd") is null) return "ice-ufrag without ice-pwd";
        if (strict && media.Lines.Count(MediaDirections.IsDirection) > 1) return "more than one direction";
        return Formats(media, strict) ?? Extensions(media) ?? Simulcast(media);
    }

    /// <summary>Attributes that may stand at session level too.</summary>
    public static string? Transport(SdpSection section)
    {
        foreach (var line in section.Lines)
        {
            if (line.IsAttribute("ice-ufrag") && !IsIceText(line.AttributeValue, 4)) return "ice-ufrag is not 4 to 256 ice characters";
            if (line.IsAttribute("ice-pwd") && !IsIceText(line.AttributeValue, 22)) return "ice-pwd is not 22 to 256 ice characters";
            if (line.IsAttribute("setup") && line.AttributeValue is not ("actpass" or "active" or "passive" or "holdconn")) return "the setup value is unknown";
            if (line.IsAttribute("fingerprint") && !DtlsFingerprint.TryParse(line.AttributeValue, out _, out var reason) && reason[0] != 'u') return reason;
        }
        return null;
    }

    private static string? Attribute(MediaDescription media, SdpLine line, bool strict)
    {
        var value = line.AttributeValue;
        switch (line.AttributeName)
        {
            case "mid": return SdpLineChecks.IsToken(value) ? null : "mid is not a token";
            case "rtcp": return Rtcp(value);
            case "ssrc":
                var space = value.IndexOf(' ', StringComparison.Ordinal);
                return SdpLineChecks.Number(space < 0 ? value : value.AsSpan(0, space), uint.MaxValue, out _) ? null : "an ssrc is not a number of 32 bits";
            case "candidate": return IsCandidate(value) ? null : "a candidate is malformed";
            case "crypto": return strict ? Crypto(value) : null;
            case "rtpmap":
            case "fmtp":
                if (!media.IsRtp) return null;
                var end = value.IndexOf(' ', StringComparison.Ordinal);
                var format = end < 0 ? value : value[..end];
                if (strict && !media.Formats.Contains(format)) return $"{line.AttributeName} for a payload type that m= does not list";
                if (line.AttributeName is "rtpmap" && (end < 0 || MediaDescription.ReadRtpMap(0, value[(end + 1)..].Trim()) is null)) return "rtpmap is not name/clock with a clock rate above 0";
                return null;
            default: return null;
        }
    }

    private static string? Rtcp(string value)
    {
        var parts = value.Split(' ');
        if (!SdpLineChecks.Number(parts[0], 65535, out _)) return "the rtcp port is not a number from 0 to 65535";
        return parts.Length == 1 ? null : SdpLineChecks.Fault('c', string.Join(' ', parts[1..]), strict: false);
    }

    private static string? Formats(MediaDescription media, bool strict)
    {
        if (!media.IsRtp || !strict || media.Port == 0) return null;
        var codecs = media.Codecs;
        foreach (var format in media.Formats)
        {
            var number = int.Parse(format, CultureInfo.InvariantCulture);
            if (number >= 96 && !codecs.Any(c => c.PayloadType == number)) return "a dynamic payload type has no rtpmap";
        }
        foreach (var codec in codecs)
            if (codec.IsRtx && !codecs.Any(c => c.PayloadType == codec.AssociatedPayloadType && !c.IsRtx)) return "rtx names a payload type that m= does not list";
        return null;
    }

    private static string? Extensions(MediaDescription media)
    {
        List<HeaderExtension> seen = [];
        foreach (var value in media.Attributes("extmap"))
        {
            if (!HeaderExtension.TryParse(value, out var extension)) return "extmap needs an id from 1 to 255 and a name";
            foreach (var other in seen)
                if (other.Id == extension.Id && other.Uri != extension.Uri) return "an extmap id has two names";
            seen.Add(extension);
        }
        return null;
    }

    private static string? Simulcast(MediaDescription media)
    {
        if (media.Attribute("simulcast") is not { } value) return null;
        var rids = media.Attributes("rid").Select(r => r.Split(' ')[0]).ToHashSet(StringComparer.Ordinal);
        var parts = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < parts.Length; i++)
        {
            if (i % 2 == 0) { if (parts[i] is not ("send" or "recv")) return "simulcast does not say send or recv"; continue; }
            foreach (var rid in parts[i].Split(';', ','))
                if (!rids.Contains(rid.TrimStart('~'))) return "simulcast names an undefined rid";
        }
        return null;
    }

    private static string? Crypto(string value)
    {
        var parts = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < 3 || !SdpLineChecks.Number(parts[0], 999_999_999, out _) || !parts[2].StartsWith("inline:", StringComparison.Ordinal)) return "crypto is not tag, suite and inline key";
        var length = parts[1] switch
        {
            "AES_CM_128_HMAC_SHA1_80" or "AES_CM_128_HMAC_SHA1_32" or "F8_128_HMAC_SHA1_80" => 30,
            "AES_256_CM_HMAC_SHA1_80" or "AES_256_CM_HMAC_SHA1_32" => 46,
            "AEAD_AES_128_GCM" => 28,
            "AEAD_AES_256_GCM" => 44,
            _ => 0,
        };
        if (length == 0) return null;
        Span<byte> key = stackalloc byte[64];
        var text = parts[2].AsSpan(7);
        var bar = text.IndexOf('|');
        return Convert.TryFromBase64Chars(bar < 0 ? text : text[..bar], key, out var written) && written == length ? null : "the crypto key has the wrong length for its suite";
    }

    // The ICE agent reads candidates; here only the shape is checked (RFC 8839 section 5.1), so that the fault is reported with its line's section.
    private static bool IsCandidate(string value)
    {
        var parts = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length >= 8 && IsIceText(parts[0], 1, 32) && SdpLineChecks.Number(parts[1], 256, out var component) && component > 0
            && SdpLineChecks.IsToken(parts[2]) && SdpLineChecks.Number(parts[3], uint.MaxValue, out _)
            && (SdpLineChecks.IsHostName(parts[4]) || System.Net.IPAddress.TryParse(parts[4], out _))
            && SdpLineChecks.Number(parts[5], 65535, out _) && parts[6] == "typ" && SdpLineChecks.IsToken(parts[7]);
    }

    public static bool IsIceText(string text, int least, int most = 256)
    {
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '/')) return false;
        return text.Length >= least && text.Length <= most;
    }
}
