using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace MediaRelay.Media.Sdp;

/// <summary>
/// Reads a session description (RFC 8866). Bad text gives false and a reason, never an exception; attributes that are
/// not known are kept as they are. Line ends may be CR LF or LF, the last one may be missing.
/// </summary>
public static class SdpReader
{
    private const string SessionOrder = "vosiuepcbtrzka";
    private const string MediaOrder = "micbka";

    /// <summary>Reads UTF-8 bytes; invalid UTF-8 is refused.</summary>
    public static bool TryRead(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out SessionDescription? description, out SdpError error,
        SdpStrictness strictness = SdpStrictness.Strict, SdpLimits? limits = null)
    {
        description = null;
        if (utf8.Length > (limits ?? SdpLimits.Default).Characters) { error = new SdpError(0, "the text is too long"); return false; }
        if (!System.Text.Unicode.Utf8.IsValid(utf8)) { error = new SdpError(0, "the text is not UTF-8"); return false; }
        return TryRead(Encoding.UTF8.GetString(utf8), out description, out error, strictness, limits);
    }

    /// <summary>Reads text.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out SessionDescription? description, out SdpError error,
        SdpStrictness strictness = SdpStrictness.Strict, SdpLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        limits ??= SdpLimits.Default;
        description = null;
        if (text.Length > limits.Characters) { error = new SdpError(0, "the text is too long"); return false; }
        var reading = new SessionDescription();
        var reason = ReadLines(text, reading, strictness == SdpStrictness.Strict, limits, out var line);
        if (reason is null)
        {
            line = 0;
            reason = SdpSessionChecks.Fault(reading, strictness == SdpStrictness.Strict, limits);
        }
        error = reason is null ? default : new SdpError(line, reason);
        if (reason is not null) return false;
        description = reading;
        return true;
    }

    private static string? ReadLines(string text, SessionDescription session, bool strict, SdpLimits limits, out int number)
    {
        number = 0;
        MediaDescription? media = null;
        var rank = -1;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf('\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (line.EndsWith("\r")) line = line[..^1];
            if (++number > limits.Lines) return "too many lines";
            if (line.IsEmpty && (!strict || rest.IsEmpty)) continue;
            if (line.Length > limits.LineCharacters) return "the line is too long";
            if (line.Length < 2 || line[1] != '=') return "the line is not type=value";
            if (line.IndexOfAny('\r', '\0') >= 0) return "a control character inside a value";
            var type = line[0];
            if (number == 1)
            {
                if (type != 'v') return "v= is not the first line";
                if (line is not "v=0") return "the version is not 0";
                rank = 0;
                continue;
            }
            var value = line[2..].ToString();
            if (type == 'm')
            {
                if (session.Media.Count >= limits.Media) return "too many media sections";
                if (SdpLineChecks.Media(value, strict, out media) is { } fault) return fault;
                session.Media.Add(media!);
                rank = 0;
                continue;
            }
            if (strict && Order(type, media is null ? SessionOrder : MediaOrder, ref rank) is { } misplaced) return misplaced;
            if (SdpLineChecks.Fault(type, value, strict) is { } bad) return bad;
            ((SdpSection?)media ?? session).Lines.Add(new SdpLine(type, value));
        }
        return number == 0 ? "the text is empty" : null;
    }

    private static string? Order(char type, string order, ref int rank)
    {
        var at = order.IndexOf(type, StringComparison.Ordinal);
        if (at < 0) return "the line type is unknown here";
        // Emails, phones and times repeat, and r= lines follow each their t= line.
        var group = type switch { 'p' => order.IndexOf('e', StringComparison.Ordinal), 'r' => order.IndexOf('t', StringComparison.Ordinal), _ => at };
        if (type == 'r' && rank != group) return "r= does not follow t=";
        if (group < rank) return "the line is out of order";
        if (group == rank && type is ('o' or 's' or 'u')) return "the line appears twice";
        rank = group;
        return null;
    }
}
