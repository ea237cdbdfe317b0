using System.Text;

namespace MediaRelay.Media.IO.Cameras.Rtsp;

/// <summary>One WWW-Authenticate value: Basic, or Digest with MD5 or SHA-256 (RFC 7616 section 3.3).</summary>
internal sealed record AuthenticationChallenge(string Scheme, string Realm, string Nonce, string Opaque, string Algorithm, bool QopAuth, bool Stale)
{
    public bool IsDigest => Scheme == "Digest";

    /// <summary>Of several challenges the strongest that we can answer: SHA-256, then MD5, then Basic; null when there is none.</summary>
    public static AuthenticationChallenge? Strongest(IEnumerable<string> values)
    {
        AuthenticationChallenge? best = null;
        foreach (var value in values)
        {
            if (TryRead(value, out var challenge) && Rank(challenge) > Rank(best)) best = challenge;
        }
        return best;
    }

    public static bool TryRead(string value, out AuthenticationChallenge challenge)
    {
        challenge = null!;
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        var scheme = space < 0 ? value : value[..space];
        var parameters = ReadParameters(space < 0 ? "" : value[(space + 1)..]);
        string Get(string name) => parameters.GetValueOrDefault(name, "");
        if (scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
        {
            challenge = new AuthenticationChallenge("Basic", Get("realm"), "", "", "", false, false);
            return true;
        }
        if (!scheme.Equals("Digest", StringComparison.OrdinalIgnoreCase) || Get("nonce").Length == 0) return false;
        var algorithm = Get("algorithm").ToUpperInvariant() switch { "" or "MD5" => "MD5", "SHA-256" => "SHA-256", _ => "" };
        if (algorithm.Length == 0) return false;
        var qop = Get("qop");
        var auth = qop.Split(',', StringSplitOptions.TrimEntries).Contains("auth", StringComparer.OrdinalIgnoreCase);
        if (qop.Length > 0 && !auth) return false;
        challenge = new AuthenticationChallenge("Digest", Get("realm"), Get("nonce"), Get("opaque"), algorithm, auth,
            Get("stale").Equals("true", StringComparison.OrdinalIgnoreCase));
        return true;
    }

    private static int Rank(AuthenticationChallenge? challenge) => challenge switch
    {
        null => 0,
        { IsDigest: false } => 1,
        { Algorithm: "MD5" } => 2,
        _ => 3,
    };

    private static Dictionary<string, string> ReadParameters(string text)
    {
        var result = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var position = 0;
        while (position < text.Length && result.Count < 32)
        {
            var equals = text.IndexOf('=', position);
            if (equals < 0) break;
            var name = text[position..equals].Trim(' ', ',', '\t');
            position = equals + 1;
            var value = new StringBuilder();
            if (position < text.Length && text[position] == '"')
            {
                for (position++; position < text.Length && text[position] != '"'; position++)
                {
                    if (text[position] == '\\' && position + 1 < text.Length) position++;
                    value.Append(text[position]);
                }
                var comma = text.IndexOf(',', Math.Min(position, text.Length));
                position = comma < 0 ? text.Length : comma + 1;
            }
            else
            {
                var comma = text.IndexOf(',', position);
                if (comma < 0) comma = text.Length;
                value.Append(text.AsSpan(position, comma - position).Trim());
                position = comma + 1;
            }
            result[name] = value.ToString();
        }
        return result;
    }
}
