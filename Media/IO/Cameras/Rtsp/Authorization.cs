using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Media.IO.Cameras.Rtsp;

/// <summary>Answers a challenge for one connection: the Authorization value of each request, with a rising nonce count (RFC 7616 section 3.4, RFC 7617).</summary>
internal sealed class Authorization(AuthenticationChallenge challenge, NetworkCredential credential, RandomNumberGenerator random)
{
    private uint _count;

    public string For(string method, string uri)
    {
        if (!challenge.IsDigest)
            return "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.UserName}:{credential.Password}"));

        var secret = Hash($"{credential.UserName}:{challenge.Realm}:{credential.Password}");
        var request = Hash($"{method}:{uri}");
        var text = new StringBuilder("Digest ");
        text.Append(CultureInfo.InvariantCulture,
            $"username=\"{Quote(credential.UserName)}\", realm=\"{Quote(challenge.Realm)}\", nonce=\"{Quote(challenge.Nonce)}\", uri=\"{uri}\"");
        if (challenge.QopAuth)
        {
            var count = (++_count).ToString("x8", CultureInfo.InvariantCulture);
            Span<byte> bytes = stackalloc byte[16];
            random.GetBytes(bytes);
            var clientNonce = Convert.ToHexStringLower(bytes);
            var response = Hash($"{secret}:{challenge.Nonce}:{count}:{clientNonce}:auth:{request}");
            text.Append(CultureInfo.InvariantCulture, $", response=\"{response}\", qop=auth, nc={count}, cnonce=\"{clientNonce}\"");
        }
        else
        {
            text.Append(CultureInfo.InvariantCulture, $", response=\"{Hash($"{secret}:{challenge.Nonce}:{request}")}\"");
        }
        if (challenge.Algorithm != "MD5") text.Append(CultureInfo.InvariantCulture, $", algorithm={challenge.Algorithm}");
        if (challenge.Opaque.Length > 0) text.Append(CultureInfo.InvariantCulture, $", opaque=\"{Quote(challenge.Opaque)}\"");
        return text.ToString();
    }

    private string Hash(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Convert.ToHexStringLower(challenge.Algorithm == "MD5" ? MD5.HashData(bytes) : SHA256.HashData(bytes));
    }

    private static string Quote(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
}
