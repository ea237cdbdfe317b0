using System.Security.Cryptography;

namespace MediaRelay.Stun;

/// <summary>
/// HMAC-SHA1 and HMAC-SHA256 (RFC 2104) over hash contexts that are kept. A one-shot call makes and frees several objects of the
/// crypto library, which costs more than the hashing itself; a server does it for every request. One owner, not thread-safe, and
/// nothing is allocated per call.
/// </summary>
public sealed class IntegrityMac : IDisposable
{
    /// <summary>Block of both hashes; a longer key is computed the ordinary way.</summary>
    private const int BlockLength = 64;

    private const byte InnerPad = 0x36;
    private const byte OuterPad = 0x5C;

    private readonly IncrementalHash _sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public void Dispose()
    {
        _sha1.Dispose();
        _sha256.Dispose();
    }

    /// <summary>Writes 20 or 32 bytes.</summary>
    internal void Compute(ReadOnlySpan<byte> covered, ReadOnlySpan<byte> key, Span<byte> value, bool sha256)
    {
        if (key.Length > BlockLength)
            MessageIntegrity.Hash(covered, key, value, sha256, mac: null);
        else if (sha256)
            Compute(_sha256, MessageIntegrity.Sha256Length, covered, key, value);
        else
            Compute(_sha1, MessageIntegrity.Sha1Length, covered, key, value);
    }

    private static void Compute(IncrementalHash hash, int length, ReadOnlySpan<byte> covered, ReadOnlySpan<byte> key, Span<byte> value)
    {
        Span<byte> pad = stackalloc byte[BlockLength];
        Fill(pad, key, InnerPad);
        hash.AppendData(pad);
        hash.AppendData(covered);
        Span<byte> inner = stackalloc byte[MessageIntegrity.Sha256Length];
        _ = hash.GetHashAndReset(inner);
        Fill(pad, key, OuterPad);
        hash.AppendData(pad);
        hash.AppendData(inner[..length]);
        _ = hash.GetHashAndReset(value);
        CryptographicOperations.ZeroMemory(pad);
    }

    private static void Fill(Span<byte> pad, ReadOnlySpan<byte> key, byte with)
    {
        pad.Fill(with);
        for (var i = 0; i < key.Length; i++)
            pad[i] ^= key[i];
    }
}
