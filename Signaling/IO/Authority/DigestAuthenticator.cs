using System.Security.Cryptography;
using System.Text;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Authority;

/// <summary>Checks digest authentication of gateways (RFC 7616 with the narrower rules for this interface).</summary>
internal sealed class DigestAuthenticator
{
    private readonly Lock _lock = new();
    private readonly DigestNonces _nonces;
    private readonly string _realm;
    private readonly TimeSpan _nonceLife;
    private readonly SecretBox _box;
    private readonly FailureLimiter _failures = new(perMinute: 10);
    private readonly string _dummy = DigestHash.UserHash(DigestAlgorithm.Sha256, "nobody", "nowhere", Convert.ToHexString(RandomNumberGenerator.GetBytes(16)));

    public DigestAuthenticator(string realm, TimeSpan nonceLife, SecretBox box)
    {
        _realm = realm;
        _nonceLife = nonceLife;
        _box = box;
        _nonces = new DigestNonces(realm, nonceLife, RandomNumberGenerator.Create());
    }

    /// <summary>What is stored for a gateway's password.</summary>
    public static byte[] Seal(SecretBox box, DigestAlgorithm algorithm, string gateway, string realm, string password) =>
        box.Seal(Encoding.ASCII.GetBytes(DigestHash.UserHash(algorithm, gateway, realm, password)), Label(algorithm, gateway));

    /// <summary>Checks a request; <paramref name="record"/> is null for an unknown gateway, which costs the same.</summary>
    public DigestVerdict Check(string? header, string method, string target, string source, GatewayRecord? record, TimeSpan now)
    {
        if (!DigestCredentials.TryRead(header, out DigestCredentials? credentials))
            return new DigestVerdict(DigestOutcome.Challenge, false, null);
        string subject = credentials.Username + " " + source;
        if (!_failures.IsAllowed(subject, now))
            return new DigestVerdict(DigestOutcome.TooManyFailures, false, null);
        DigestNonceState state = _nonces.Check(credentials.Nonce, now);
        if (state == DigestNonceState.Stale)
            return new DigestVerdict(DigestOutcome.Challenge, true, null);
        byte[]? box = credentials.Algorithm == DigestAlgorithm.Sha256 ? record?.DigestSecret : record?.DigestSecretMd5;
        byte[]? secret = box is null ? null : _box.Unseal(box, Label(credentials.Algorithm, record!.Id));
        string userHash = secret is null ? _dummy : Encoding.ASCII.GetString(secret);
        string expected = DigestHash.Response(credentials.Algorithm, userHash, credentials.Nonce, credentials.NonceCount, credentials.ClientNonce, method, credentials.Uri);
        bool isRight = CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.ASCII.GetBytes(credentials.Response.ToLowerInvariant()))
            & secret is not null & credentials.Username == record?.Id
            & credentials.Realm == _realm & credentials.Qop == "auth" & credentials.Uri == target & state == DigestNonceState.Valid;
        if (!isRight)
        {
            _failures.Count(subject, now);
            return new DigestVerdict(DigestOutcome.Refused, false, null);
        }

        lock (_lock)
        {
            // A repeat is answered as stale: an honest client comes back with a new nonce, a thief cannot.
            if (!_nonces.TryUse(credentials.Nonce, credentials.NonceCount, now))
                return new DigestVerdict(DigestOutcome.Challenge, true, null);
        }

        string proof = DigestHash.Hash(credentials.Algorithm,
            $"{userHash}:{credentials.Nonce}:{credentials.NonceCount:x8}:{credentials.ClientNonce}:auth:{DigestHash.Hash(credentials.Algorithm, ":" + credentials.Uri)}");
        string next = _nonces.Check(credentials.Nonce, now + (_nonceLife / 2)) == DigestNonceState.Stale ? $", nextnonce=\"{Issue(now)}\"" : "";
        return new DigestVerdict(DigestOutcome.Accepted, false, $"rspauth=\"{proof}\", cnonce=\"{credentials.ClientNonce}\", nc={credentials.NonceCount:x8}, qop=auth{next}");
    }

    /// <summary>The challenges, the strongest first; MD5 only for a gateway that is marked for it.</summary>
    public string[] Challenges(bool isStale, bool allowMd5, TimeSpan now)
    {
        string nonce = Issue(now);
        string tail = $"Digest realm=\"{_realm}\", qop=\"auth\", nonce=\"{nonce}\"{(isStale ? ", stale=true" : "")}, charset=UTF-8, algorithm=";
        return allowMd5 ? [tail + "SHA-256", tail + "MD5"] : [tail + "SHA-256"];
    }

    private string Issue(TimeSpan now)
    {
        lock (_lock)
            return _nonces.Issue(now);
    }

    private static byte[] Label(DigestAlgorithm algorithm, string gateway) => Encoding.UTF8.GetBytes($"digest {algorithm} {gateway}");
}
