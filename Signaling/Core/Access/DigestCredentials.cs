using System.Diagnostics.CodeAnalysis;

namespace MediaRelay.Signaling.Access;

/// <summary>The fields of an Authorization header with the scheme Digest (RFC 7616 section 3.4).</summary>
public sealed record DigestCredentials
{
    public required string Username { get; init; }
    public required string Realm { get; init; }
    public required string Nonce { get; init; }
    public required string Uri { get; init; }
    public required string Response { get; init; }
    public required string ClientNonce { get; init; }
    public required uint NonceCount { get; init; }
    public required string Qop { get; init; }
    public DigestAlgorithm Algorithm { get; init; }

    /// <summary>Reads the header's value; false when it is another scheme, or malformed, or lacks a field.</summary>
    public static bool TryRead(string? header, [NotNullWhen(true)] out DigestCredentials? credentials)
    {
        credentials = null;
        if (header is null || header.Length > 4096 || !header.StartsWith("Digest ", StringComparison.OrdinalIgnoreCase)
            || !DigestFields.TryRead(header.AsSpan(7), out Dictionary<string, string> fields))
        {
            return false;
        }

        if (!fields.TryGetValue("username", out string? username) || username.Length > 128
            || !fields.TryGetValue("realm", out string? realm) || !fields.TryGetValue("nonce", out string? nonce) || nonce.Length > 128
            || !fields.TryGetValue("uri", out string? uri) || !fields.TryGetValue("response", out string? response)
            || !fields.TryGetValue("cnonce", out string? cnonce) || cnonce.Length is 0 or > 128
            || !fields.TryGetValue("qop", out string? qop)
            || !fields.TryGetValue("nc", out string? nc) || nc.Length != 8
            || !uint.TryParse(nc, System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out uint count))
        {
            return false;
        }

        DigestAlgorithm algorithm = DigestAlgorithm.Md5;
        if (fields.TryGetValue("algorithm", out string? name))
        {
            if (name.Equals("SHA-256", StringComparison.OrdinalIgnoreCase))
                algorithm = DigestAlgorithm.Sha256;
            else if (!name.Equals("MD5", StringComparison.OrdinalIgnoreCase))
                return false;
        }

        credentials = new DigestCredentials
        {
            Username = username, Realm = realm, Nonce = nonce, Uri = uri, Response = response,
            ClientNonce = cnonce, NonceCount = count, Qop = qop, Algorithm = algorithm,
        };
        return true;
    }

    /// <summary>The header's value.</summary>
    public string Write() =>
        $"Digest username=\"{DigestFields.Quote(Username)}\", realm=\"{DigestFields.Quote(Realm)}\", nonce=\"{Nonce}\", uri=\"{Uri}\", algorithm={DigestHash.Name(Algorithm)}, " +
        $"response=\"{Response}\", qop={Qop}, nc={NonceCount:x8}, cnonce=\"{ClientNonce}\"";
}
