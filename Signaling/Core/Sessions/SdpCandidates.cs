using MediaRelay.Signaling.Contract;

namespace MediaRelay.Signaling.Sessions;

/// <summary>Candidates in and out of session descriptions, as text: the bundle's transport is the first media section.</summary>
public static class SdpCandidates
{
    /// <summary>Adds candidates to the first media section; a WHEP answer has to hold those that are known.</summary>
    public static string Insert(string sdp, IReadOnlyList<MediaCandidate> candidates, bool isEnd)
    {
        if (candidates.Count == 0 && !isEnd)
        {
            return sdp;
        }

        var first = sdp.IndexOf("\nm=", StringComparison.Ordinal);
        var second = first < 0 ? -1 : sdp.IndexOf("\nm=", first + 1, StringComparison.Ordinal);
        var at = second < 0 ? sdp.Length : second + 1;
        var lines = string.Concat(candidates.Where(c => !sdp.Contains(Value(c.Text), StringComparison.Ordinal)).Select(c => $"a={Value(c.Text)}\r\n"));
        var end = isEnd && !sdp.Contains("a=end-of-candidates", StringComparison.Ordinal) ? "a=end-of-candidates\r\n" : "";
        return sdp.Insert(at, lines + end);
    }

    /// <summary>Replaces user fragment and password everywhere and drops candidates: the offer of an ICE restart that came as a fragment.</summary>
    public static string WithCredentials(string sdp, string ufrag, string pwd) => string.Join("\r\n", sdp.ReplaceLineEndings("\n").Split('\n')
        .Where(l => !l.StartsWith("a=candidate:", StringComparison.Ordinal) && !l.StartsWith("a=end-of-candidates", StringComparison.Ordinal))
        .Select(l => l.StartsWith("a=ice-ufrag:", StringComparison.Ordinal) ? $"a=ice-ufrag:{ufrag}" : l.StartsWith("a=ice-pwd:", StringComparison.Ordinal) ? $"a=ice-pwd:{pwd}" : l));

    /// <summary>The addresses of the candidates of a description or fragment, names left out.</summary>
    public static IEnumerable<string> Addresses(string sdp) => sdp.ReplaceLineEndings("\n").Split('\n')
        .Where(l => l.StartsWith("a=candidate:", StringComparison.Ordinal))
        .Select(l => l.Split(' '))
        .Where(p => p.Length > 5 && System.Net.IPAddress.TryParse(p[4], out _))
        .Select(p => p[4])
        .Distinct();

    private static string Value(string text)
    {
        var value = text.StartsWith("a=", StringComparison.Ordinal) ? text[2..] : text;
        return value.StartsWith("candidate:", StringComparison.Ordinal) ? value : "candidate:" + value;
    }
}
