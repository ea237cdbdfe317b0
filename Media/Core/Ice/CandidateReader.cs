using System.Globalization;
using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>Reads candidate lines by the grammar of RFC 8839 section 5.1; missing rel-addr and rel-port are forgiven.</summary>
internal ref struct CandidateReader
{
    private const int MaxFoundation = 32;
    private const int MaxToken = 255;
    private ReadOnlySpan<char> rest;
    private bool isAtEnd;

    private CandidateReader(ReadOnlySpan<char> rest) => this.rest = rest;

    public static bool TryRead(ReadOnlySpan<char> line, out Candidate? candidate, out CandidateError error)
    {
        candidate = null;
        if (line.Length > Candidate.MaxLength)
        {
            error = CandidateError.TooLong;
            return false;
        }
        line = line.TrimEnd(" \r\n");
        if (line.StartsWith("a=")) line = line[2..];
        const string prefix = "candidate:";
        if (!line.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
        {
            error = CandidateError.Prefix;
            return false;
        }
        return new CandidateReader(line[prefix.Length..]).TryRead(out candidate, out error);
    }

    private bool TryRead(out Candidate? candidate, out CandidateError error)
    {
        candidate = null;
        var foundation = Next();
        if (foundation.Length is 0 or > MaxFoundation || !IsIceText(foundation)) return Fail(CandidateError.Foundation, out error);
        if (!TryNumber(Next(), 1, 256, out var component)) return Fail(CandidateError.Component, out error);
        var transport = Next();
        if (!IsToken(transport)) return Fail(CandidateError.Transport, out error);
        if (!TryNumber(Next(), 1, int.MaxValue, out var priority)) return Fail(CandidateError.Priority, out error);
        var host = Next();
        if (!TryNumber(Next(), 0, ushort.MaxValue, out var port)) return Fail(CandidateError.Port, out error);
        var isAddress = TransportAddress.TryParseAddress(host, port, out var address);
        if (!isAddress && !IsName(host)) return Fail(CandidateError.Address, out error);
        if (!Next().SequenceEqual("typ")) return Fail(CandidateError.Type, out error);
        var type = Next();
        if (!IsToken(type)) return Fail(CandidateError.Type, out error);
        if (!TryReadRelated(out var relatedAddress, out var relatedPort, out error)) return false;
        var extensions = isAtEnd ? default : rest;
        if (!AreExtensions(extensions)) return Fail(CandidateError.Extension, out error);

        candidate = new Candidate
        {
            Foundation = foundation.ToString(),
            Component = component,
            Transport = transport.ToString(),
            Priority = (uint)priority,
            Address = address,
            HostName = isAddress ? null : host.ToString(),
            HostPort = isAddress ? 0 : port,
            Type = TypeOf(type),
            TypeToken = type.ToString(),
            RelatedAddress = relatedAddress,
            RelatedPort = relatedPort,
            Extensions = extensions.ToString(),
        };
        return true;
    }

    private bool TryReadRelated(out string? address, out int? port, out CandidateError error)
    {
        address = null;
        port = null;
        error = CandidateError.None;
        if (TryTake("raddr"))
        {
            var text = Next();
            if (!TransportAddress.TryParseAddress(text, 0, out _) && !IsName(text)) return Fail(CandidateError.Address, out error);
            address = text.ToString();
        }
        if (TryTake("rport"))
        {
            if (!TryNumber(Next(), 0, ushort.MaxValue, out var number)) return Fail(CandidateError.Port, out error);
            port = number;
        }
        return true;
    }

    private bool TryTake(ReadOnlySpan<char> name)
    {
        if (isAtEnd || !rest.StartsWith(name) || rest.Length <= name.Length || rest[name.Length] != ' ') return false;
        rest = rest[(name.Length + 1)..];
        return true;
    }

    // Tokens are separated by exactly one space; a missing token reads as empty, which no field accepts.
    private ReadOnlySpan<char> Next()
    {
        if (isAtEnd) return default;
        var space = rest.IndexOf(' ');
        var token = space < 0 ? rest : rest[..space];
        isAtEnd = space < 0;
        rest = space < 0 ? default : rest[(space + 1)..];
        return token;
    }

    private bool AreExtensions(ReadOnlySpan<char> text)
    {
        if (isAtEnd) return true;
        var count = 0;
        foreach (var range in text.Split(' '))
        {
            var token = text[range];
            if (token.IsEmpty || token.ContainsAnyExceptInRange('!', '~')) return false;
            count++;
        }
        return count % 2 == 0;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, int least, int most, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most
        && (text.Length == 1 || text[0] != '0');

    private static bool IsIceText(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
            if (!IceCredentials.IsIceChar(c)) return false;
        return true;
    }

    private static bool IsToken(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= MaxToken && !text.ContainsAnyExceptInRange('!', '~');

    // A name needs one letter in its last label, so that a mutilated number never becomes a name.
    private static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxToken || text[0] == '.') return false;
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_')) return false;
        return text[(text.LastIndexOf('.') + 1)..].ContainsAnyInRange('a', 'z') || text[(text.LastIndexOf('.') + 1)..].ContainsAnyInRange('A', 'Z');
    }

    private static CandidateType TypeOf(ReadOnlySpan<char> token) => token switch
    {
        "host" => CandidateType.Host,
        "srflx" => CandidateType.ServerReflexive,
        "prflx" => CandidateType.PeerReflexive,
        "relay" => CandidateType.Relayed,
        _ => CandidateType.Unknown,
    };

    private static bool Fail(CandidateError reason, out CandidateError error)
    {
        error = reason;
        return false;
    }
}
