using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using MediaRelay.Stun;

namespace MediaRelay.Turn.Access;

/// <summary>The key that integrity is computed with: a long-term key, or the session key of a token (up to 64 bytes).</summary>
internal readonly struct IntegrityKey
{
    public const int MaxLength = 64;

    private readonly Block _block;
    private readonly byte _length;

    public IntegrityKey(ReadOnlySpan<byte> key, PasswordAlgorithm algorithm)
    {
        key.CopyTo(_block);
        _length = (byte)key.Length;
        Algorithm = algorithm;
    }

    /// <summary>The algorithm the key was derived with; None for session keys.</summary>
    public PasswordAlgorithm Algorithm { get; }

    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)_block)[.._length];

    public static IntegrityKey Of(in LongTermKey key) => new(key.Bytes, key.Algorithm);

    /// <summary>Equal in length and work to a real key, but nobody's.</summary>
    public static IntegrityKey Random(RandomNumberGenerator random, PasswordAlgorithm algorithm)
    {
        Span<byte> bytes = stackalloc byte[algorithm == PasswordAlgorithm.Sha256 ? 32 : 16];
        random.GetBytes(bytes);
        return new IntegrityKey(bytes, algorithm);
    }

    /// <summary>Same bytes by the same algorithm. Compared only with keys that a message was verified with, so time tells nothing.</summary>
    public bool Equals(in IntegrityKey other) => Algorithm == other.Algorithm && Bytes.SequenceEqual(other.Bytes);

    /// <summary>MESSAGE-INTEGRITY-SHA256 counts when present, else MESSAGE-INTEGRITY (RFC 8489 section 9.2.4).</summary>
    public bool Verifies(in StunMessage message, IntegrityMac mac) => message.HasIntegritySha256
        ? MessageIntegrity.VerifySha256(message, Bytes, mac: mac)
        : MessageIntegrity.Verify(message, Bytes, mac);

    public override string ToString() => "IntegrityKey";

    [InlineArray(MaxLength)]
    private struct Block
    {
        private byte _first;
    }
}
