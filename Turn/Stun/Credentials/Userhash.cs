using System.Security.Cryptography;

namespace MediaRelay.Stun;

/// <summary>USERHASH: SHA-256(username ":" realm), which hides the name on the wire (RFC 8489 section 14.4).</summary>
public static class Userhash
{
    public const int Length = 32;

    /// <summary>Writes 32 bytes. Name and realm in UTF-8, already prepared with OpaqueString; together at most 1271 bytes.</summary>
    public static void Compute(ReadOnlySpan<byte> username, ReadOnlySpan<byte> realm, Span<byte> hash)
    {
        Span<byte> input = stackalloc byte[username.Length + 1 + realm.Length];
        username.CopyTo(input);
        input[username.Length] = (byte)':';
        realm.CopyTo(input[(username.Length + 1)..]);
        SHA256.HashData(input, hash);
    }
}
