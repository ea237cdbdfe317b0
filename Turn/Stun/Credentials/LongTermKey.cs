using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Stun;

/// <summary>
/// The key of the long-term credential mechanism: hash of username ":" realm ":" password with MD5 (16 bytes) or SHA-256
/// (32 bytes), as a value without an object behind it (RFC 8489 section 9.2.2). It opens an account as well as the password
/// does, so <see cref="ToString"/> does not show it.
/// </summary>
public readonly struct LongTermKey : IEquatable<LongTermKey>
{
    private readonly Block _block;

    private LongTermKey(PasswordAlgorithm algorithm, in Block block)
    {
        Algorithm = algorithm;
        _block = block;
    }

    public PasswordAlgorithm Algorithm { get; }

    public int Length => Algorithm switch { PasswordAlgorithm.Sha256 => 32, PasswordAlgorithm.Md5 => 16, _ => 0 };

    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)_block)[..Length];

    /// <summary>Derives the key from bytes. Name and password are already prepared with OpaqueString. Allocates nothing.</summary>
    public static LongTermKey Derive(PasswordAlgorithm algorithm, ReadOnlySpan<byte> username, ReadOnlySpan<byte> realm, ReadOnlySpan<byte> password)
    {
        var length = username.Length + realm.Length + password.Length + 2;
        var rented = length > 1024 ? ArrayPool<byte>.Shared.Rent(length) : null;
        var input = rented is null ? stackalloc byte[1024] : rented;
        input = input[..length];
        username.CopyTo(input);
        input[username.Length] = (byte)':';
        realm.CopyTo(input[(username.Length + 1)..]);
        input[username.Length + 1 + realm.Length] = (byte)':';
        password.CopyTo(input[^password.Length..]);

        Block block = default;
        if (algorithm == PasswordAlgorithm.Sha256)
            SHA256.HashData(input, block);
        else
            MD5.HashData(input, block);
        CryptographicOperations.ZeroMemory(input);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return new LongTermKey(algorithm == PasswordAlgorithm.Sha256 ? algorithm : PasswordAlgorithm.Md5, block);
    }

    /// <summary>Derives the key from text as it stands; prepare it with OpaqueString first where it was typed by a person.</summary>
    public static LongTermKey Derive(PasswordAlgorithm algorithm, string username, string realm, string password) =>
        Derive(algorithm, Encoding.UTF8.GetBytes(username), Encoding.UTF8.GetBytes(realm), Encoding.UTF8.GetBytes(password));

    /// <summary>A key that was derived elsewhere: 16 bytes for MD5, 32 for SHA-256.</summary>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public static LongTermKey FromBytes(ReadOnlySpan<byte> key)
    {
        if (key.Length is not (16 or 32))
            throw new ArgumentException($"A long-term key has 16 or 32 bytes, not {key.Length}.", nameof(key));
        Block block = default;
        key.CopyTo(block);
        return new LongTermKey(key.Length == 32 ? PasswordAlgorithm.Sha256 : PasswordAlgorithm.Md5, block);
    }

    public bool Equals(LongTermKey other) => Algorithm == other.Algorithm && CryptographicOperations.FixedTimeEquals(Bytes, other.Bytes);

    public static bool operator ==(LongTermKey left, LongTermKey right) => left.Equals(right);

    public static bool operator !=(LongTermKey left, LongTermKey right) => !left.Equals(right);

    public override bool Equals(object? obj) => obj is LongTermKey other && Equals(other);

    public override int GetHashCode() => Algorithm == PasswordAlgorithm.None ? 0 : MemoryMarshal.Read<int>(Bytes);

    public override string ToString() => $"LongTermKey({Algorithm})";

    [InlineArray(32)]
    private struct Block
    {
        private byte _first;
    }
}
