using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace MediaRelay.Media.Sdp;

/// <summary>
/// Candidates sent after the offer or answer, as application/trickle-ice-sdpfrag (RFC 8840 section 9): ICE credentials,
/// then for each media section its mid, candidates and the end mark.
/// </summary>
/// <param name="Ufrag">ice-ufrag of the generation that the candidates belong to.</param>
/// <param name="Pwd">ice-pwd, or null when the sender leaves it out.</param>
/// <param name="Media">Sections in order.</param>
public sealed record TrickleFragment(string Ufrag, string? Pwd, IReadOnlyList<TrickleMedia> Media)
{
    /// <summary>True when the session itself carries a=end-of-candidates.</summary>
    public bool IsComplete { get; init; }

    /// <summary>Reads a fragment with the limits of <paramref name="limits"/>.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out TrickleFragment? fragment, out SdpError error, SdpLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        limits ??= SdpLimits.Default;
        fragment = null;
        var number = 0;
        string? ufrag = null, pwd = null, fault = text.Length > limits.Characters ? "the text is too long" : null;
        var complete = false;
        var sections = new List<TrickleMedia>();
        List<string>? candidates = null;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            if (fault is not null) break;
            if (++number > limits.Lines) fault = "too many lines";
            else if (raw.Length > limits.LineCharacters) fault = "the line is too long";
            if (raw.IsEmpty || fault is not null) continue;
            if (raw.Length < 3 || raw[1] != '=') { fault = "the line is not type=value"; continue; }
            var line = new SdpLine(raw[0], raw[2..].ToString());
            var value = line.AttributeValue;
            if (line.Type == 'm')
            {
                if (sections.Count >= limits.Media) { fault = "too many media sections"; continue; }
                candidates = [];
                sections.Add(new TrickleMedia(line.Value, null, candidates, false));
            }
            else if (line.IsAttribute("ice-ufrag")) { if (SdpMediaChecks.IsIceText(value, 4)) ufrag ??= value; else fault = "ice-ufrag is not 4 to 256 ice characters"; }
            else if (line.IsAttribute("ice-pwd")) { if (SdpMediaChecks.IsIceText(value, 22)) pwd ??= value; else fault = "ice-pwd is not 22 to 256 ice characters"; }
            else if (line.IsAttribute("mid"))
            {
                // A mid may come without an m= line in front (RFC 8840 section 4.3 uses pseudo m= lines, older clients none).
                if (!SdpLineChecks.IsToken(value)) fault = "mid is not a token";
                else if (sections.Count > 0 && sections[^1].Mid is null) sections[^1] = sections[^1] with { Mid = value };
                else if (sections.Count >= limits.Media) fault = "too many media sections";
                else { candidates = []; sections.Add(new TrickleMedia(TrickleMedia.PseudoHeader, value, candidates, false)); }
            }
            else if (line.IsAttribute("candidate"))
            {
                if (candidates is null) fault = "a candidate before the first media section";
                else if (candidates.Count >= limits.CandidatesPerMedia) fault = "too many candidates";
                else candidates.Add(value);
            }
            else if (line.IsAttribute("end-of-candidates"))
            {
                if (sections.Count == 0) complete = true;
                else sections[^1] = sections[^1] with { IsComplete = true };
            }
        }
        if (fault is null && ufrag is null) (fault, number) = ("ice-ufrag is missing", 0);
        error = fault is null ? default : new SdpError(number, fault);
        if (fault is not null) return false;
        fragment = new TrickleFragment(ufrag!, pwd, sections) { IsComplete = complete };
        return true;
    }

    /// <summary>The fragment as text with CR LF line ends.</summary>
    public string Write()
    {
        var text = new StringBuilder(512).Append("a=ice-ufrag:").Append(Ufrag).Append("\r\n");
        if (Pwd is not null) text.Append("a=ice-pwd:").Append(Pwd).Append("\r\n");
        if (IsComplete) text.Append("a=end-of-candidates\r\n");
        foreach (var media in Media)
        {
            text.Append("m=").Append(media.Header).Append("\r\n");
            if (media.Mid is not null) text.Append("a=mid:").Append(media.Mid).Append("\r\n");
            foreach (var candidate in media.Candidates) text.Append("a=candidate:").Append(candidate).Append("\r\n");
            if (media.IsComplete) text.Append("a=end-of-candidates\r\n");
        }
        return text.ToString();
    }
}
