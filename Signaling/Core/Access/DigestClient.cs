using System.Security.Cryptography;

namespace MediaRelay.Signaling.Access;

/// <summary>The client's side of digest authentication: keeps the last nonce, so that only the first request needs two rounds.</summary>
public sealed class DigestClient(string username, string password, RandomNumberGenerator random)
{
    private string? _realm;
    private string? _nonce;
    private string? _userHash;
    private DigestAlgorithm _algorithm;
    private uint _count;

    /// <summary>True when a request can be authorised without asking first.</summary>
    public bool IsReady => _nonce is not null;

    /// <summary>Takes the challenges of a 401; false when none is usable.</summary>
    public bool HandleChallenge(IEnumerable<string> challenges)
    {
        DigestAlgorithm? best = null;
        foreach (string challenge in challenges)
        {
            if (!challenge.StartsWith("Digest ", StringComparison.OrdinalIgnoreCase) || !DigestFields.TryRead(challenge.AsSpan(7), out Dictionary<string, string> fields)
                || !fields.TryGetValue("realm", out string? realm) || !fields.TryGetValue("nonce", out string? nonce)
                || !(fields.GetValueOrDefault("qop") ?? "").Split(',', StringSplitOptions.TrimEntries).Contains("auth"))
            {
                continue;
            }

            DigestAlgorithm? algorithm = (fields.GetValueOrDefault("algorithm") ?? "MD5").ToUpperInvariant() switch
            {
                "SHA-256" => DigestAlgorithm.Sha256,
                "MD5" => DigestAlgorithm.Md5,
                _ => null,
            };
            if (algorithm is null || best == DigestAlgorithm.Sha256)
                continue;
            best = algorithm;
            _algorithm = algorithm.Value;
            _realm = realm;
            _nonce = nonce;
            _count = 0;
            _userHash = DigestHash.UserHash(_algorithm, username, realm, password);
        }

        return best is not null;
    }

    /// <summary>Takes the Authentication-Info of a success: the next nonce, when there is one.</summary>
    public void HandleInfo(string? header)
    {
        if (header is not null && DigestFields.TryRead(header, out Dictionary<string, string> fields)
            && fields.TryGetValue("nextnonce", out string? next) && next != _nonce)
        {
            _nonce = next;
            _count = 0;
        }
    }

    /// <summary>The Authorization header for a request; null before the first challenge.</summary>
    public string? Authorize(string method, string uri)
    {
        if (_nonce is null || _realm is null || _userHash is null)
            return null;
        Span<byte> octets = stackalloc byte[12];
        random.GetBytes(octets);
        string clientNonce = Convert.ToHexStringLower(octets);
        uint count = ++_count;
        return new DigestCredentials
        {
            Username = username, Realm = _realm, Nonce = _nonce, Uri = uri, ClientNonce = clientNonce, NonceCount = count, Qop = "auth", Algorithm = _algorithm,
            Response = DigestHash.Response(_algorithm, _userHash, _nonce, count, clientNonce, method, uri),
        }.Write();
    }
}
