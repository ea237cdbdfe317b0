using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MediaRelay.Stun;

/// <summary>
/// MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256 over the bytes as received (RFC 8489 sections 14.5 and 14.6). Comparison takes
/// constant time; nothing is allocated.
/// </summary>
public static class MessageIntegrity
{
    public const int Sha1Length = 20;
    public const int Sha256Length = 32;

    private const int StackLimit = 2048;

    /// <summary>True when MESSAGE-INTEGRITY is present and right.</summary>
    /// <param name="mac">Kept hash contexts of the caller, see <see cref="IntegrityMac"/>; null for a one-shot call.</param>
    public static bool Verify(in StunMessage message, ReadOnlySpan<byte> key, IntegrityMac? mac = null)
    {
        if (!message.HasIntegrity)
            return false;
        var offset = message.IntegrityOffset;
        Span<byte> expected = stackalloc byte[Sha1Length];
        Compute(message.Bytes[..offset], offset + 4 + Sha1Length, key, expected, sha256: false, mac);
        return CryptographicOperations.FixedTimeEquals(expected, message.Bytes.Slice(offset + 4, Sha1Length));
    }

    /// <summary>
    /// True when MESSAGE-INTEGRITY-SHA256 is present and right. A truncated value (16 to 28 bytes) is refused unless the usage
    /// allows it; TURN and ICE do not.
    /// </summary>
    public static bool VerifySha256(in StunMessage message, ReadOnlySpan<byte> key, bool allowTruncated = false, IntegrityMac? mac = null)
    {
        if (!message.HasIntegritySha256)
            return false;
        var offset = message.IntegritySha256Offset;
        int length = BinaryPrimitives.ReadUInt16BigEndian(message.Bytes[(offset + 2)..]);
        if (length != Sha256Length && !allowTruncated)
            return false;
        Span<byte> expected = stackalloc byte[Sha256Length];
        Compute(message.Bytes[..offset], offset + 4 + length, key, expected, sha256: true, mac);
        return CryptographicOperations.FixedTimeEquals(expected[..length], message.Bytes.Slice(offset + 4, length));
    }

    /// <summary>
    /// Verifies the strongest integrity attribute that is present. A key made with SHA-256 is never accepted with
    /// MESSAGE-INTEGRITY alone; a key made with MD5 may come with either (RFC 8489 section 9.2.4).
    /// </summary>
    public static bool Verify(in StunMessage message, in LongTermKey key) => message.HasIntegritySha256
        ? VerifySha256(message, key.Bytes)
        : key.Algorithm != PasswordAlgorithm.Sha256 && Verify(message, key.Bytes);

    // The writer has already put the final length into the header.
    internal static void Hash(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> key, Span<byte> value, bool sha256, IntegrityMac? mac)
    {
        if (mac is not null)
            mac.Compute(bytes, key, value, sha256);
        else if (sha256)
            HMACSHA256.HashData(key, bytes, value);
        else
            HMACSHA1.HashData(key, bytes, value);
    }

    private static void Compute(ReadOnlySpan<byte> covered, int end, ReadOnlySpan<byte> key, Span<byte> value, bool sha256, IntegrityMac? mac)
    {
        var length = (ushort)(end - StunLimits.HeaderLength);
        if (BinaryPrimitives.ReadUInt16BigEndian(covered[2..]) == length)
        {
            Hash(covered, key, value, sha256, mac);
            return;
        }

        // The hash sees the header as it was before later attributes were appended, so it runs over a patched copy.
        var rented = covered.Length > StackLimit ? System.Buffers.ArrayPool<byte>.Shared.Rent(covered.Length) : null;
        var copy = rented is null ? stackalloc byte[StackLimit] : rented;
        copy = copy[..covered.Length];
        covered.CopyTo(copy);
        BinaryPrimitives.WriteUInt16BigEndian(copy[2..], length);
        Hash(copy, key, value, sha256, mac);
        if (rented is not null)
            System.Buffers.ArrayPool<byte>.Shared.Return(rented);
    }
}
