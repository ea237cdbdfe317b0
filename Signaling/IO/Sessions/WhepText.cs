using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>Bodies, entity tags and media types of WHEP (RFC 9725 sections 4.2 and 4.3).</summary>
internal static class WhepText
{
    /// <summary>Media type of offers and answers.</summary>
    public const string Sdp = "application/sdp";

    /// <summary>Media type of trickle and restart (RFC 8840).</summary>
    public const string Fragment = "application/trickle-ice-sdpfrag";

    /// <summary>Longest body that is read, in characters.</summary>
    public const int MaxLength = 65_536;

    /// <summary>True when the body says that it is of a media type; parameters do not matter, other words behind it do.</summary>
    public static bool IsOf(HttpRequest request, string type) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? given) && given.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase);

    /// <summary>False when the client names what it takes and the type is not among it.</summary>
    public static bool IsAccepted(HttpRequest request, string type)
    {
        IList<MediaTypeHeaderValue> accepted = request.GetTypedHeaders().Accept;
        return accepted.Count == 0 || accepted.Any(a => a.Quality != 0 && new MediaTypeHeaderValue(type).IsSubsetOf(a));
    }

    /// <summary>The body, null when it is longer than <see cref="MaxLength"/>.</summary>
    public static async Task<string?> ReadAsync(HttpRequest request)
    {
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var buffer = new char[MaxLength + 1];
        int length = await reader.ReadBlockAsync(buffer).ConfigureAwait(false);
        return length > MaxLength ? null : new string(buffer, 0, length);
    }

    /// <summary>The strong entity tag of an answer's ICE session.</summary>
    public static string Tag(string answer) => $"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Line(answer, "a=ice-ufrag:") ?? "")))[..16]}\"";

    /// <summary>What a restart's answer tells: new credentials and candidates under the tagged media section.</summary>
    public static string AnswerFragment(string answer)
    {
        string[] lines = Lines(answer);
        IEnumerable<string> first = lines.Where(l => l.StartsWith("a=ice-ufrag:", StringComparison.Ordinal) || l.StartsWith("a=ice-pwd:", StringComparison.Ordinal)).Distinct().Take(2);
        IEnumerable<string> candidates = lines.Where(l => l.StartsWith("a=candidate:", StringComparison.Ordinal) || l == "a=end-of-candidates");
        return string.Join("\r\n", [.. first, Line(answer, "m=") ?? "m=audio 9 UDP/TLS/RTP/SAVPF 0", Line(answer, "a=mid:") ?? "a=mid:0", .. candidates]) + "\r\n";
    }

    private static string[] Lines(string sdp) => sdp.ReplaceLineEndings("\n").Split('\n');

    private static string? Line(string sdp, string start) => Array.Find(Lines(sdp), l => l.StartsWith(start, StringComparison.Ordinal));
}
