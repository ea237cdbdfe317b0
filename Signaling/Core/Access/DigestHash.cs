using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Signaling.Access;

/// <summary>The computations of digest authentication with qop=auth (RFC 7616 section 3.4).</summary>
public static class DigestHash
{
    /// <summary>The name on the wire.</summary>
    public static string Name(DigestAlgorithm algorithm) => algorithm == DigestAlgorithm.Sha256 ? "SHA-256" : "MD5";

    /// <summary>H(user:realm:password); it is as secret as the password.</summary>
    public static string UserHash(DigestAlgorithm algorithm, string username, string realm, string password) => Hash(algorithm, $"{username}:{realm}:{password}");

    /// <summary>The response a client has to give.</summary>
    public static string Response(DigestAlgorithm algorithm, string userHash, string nonce, uint nonceCount, string clientNonce, string method, string uri) =>
        Hash(algorithm, $"{userHash}:{nonce}:{nonceCount:x8}:{clientNonce}:auth:{Hash(algorithm, $"{method}:{uri}")}");

    /// <summary>Lower-case hexadecimal hash of the UTF-8 text.</summary>
    public static string Hash(DigestAlgorithm algorithm, string text)
    {
        byte[] octets = Encoding.UTF8.GetBytes(text);
        Span<byte> hash = stackalloc byte[32];
        int length = algorithm == DigestAlgorithm.Sha256 ? SHA256.HashData(octets, hash) : MD5.HashData(octets, hash);
        return Convert.ToHexStringLower(hash[..length]);
    }
}
