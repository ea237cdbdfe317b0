using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MediaRelay.Stun;

/// <summary>
/// The self-contained OAuth access token of RFC 7635 section 6.2: an authorization server and the relay share a key, the
/// encrypted token carries the key of one session. <see cref="Mint"/> is the authorization server's side,
/// <see cref="TryOpen"/> the relay's. AEAD_AES_128_GCM (16-byte key) and AEAD_AES_256_GCM (32-byte key).
/// </summary>
/// <param name="MacKey">Key of MESSAGE-INTEGRITY; 20 bytes for HMAC-SHA1, 32 for HMAC-SHA256.</param>
/// <param name="Issued">When the token was made; the wire form has a resolution of 1/64000 s.</param>
/// <param name="Lifetime">How long the session key may be used.</param>
public sealed record AccessToken(ReadOnlyMemory<byte> MacKey, DateTimeOffset Issued, TimeSpan Lifetime)
{
    /// <summary>Clock difference that section 7 recommends to allow.</summary>
    public static readonly TimeSpan Delta = TimeSpan.FromSeconds(5);

    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int MaxMacKey = 64;
    private const int MaxToken = 2 + NonceLength + 2 + MaxMacKey + 12 + TagLength;

    /// <summary>Encrypts the token for one server name, which the relay must present unchanged.</summary>
    /// <exception cref="ArgumentException">The key has not 16 or 32 bytes, or the session key is empty or above 64 bytes.</exception>
    public byte[] Mint(ReadOnlySpan<byte> key, ReadOnlySpan<byte> serverName, RandomNumberGenerator random)
    {
        Span<byte> nonce = stackalloc byte[NonceLength];
        random.GetBytes(nonce);
        return Seal(key, serverName, nonce);
    }

    /// <summary>
    /// Decrypts a token. False when it was not made with this key for this server, or is malformed; never throws on a bad token.
    /// The time is not judged here, see <see cref="IsValid"/>.
    /// </summary>
    public static bool TryOpen(ReadOnlySpan<byte> token, ReadOnlySpan<byte> key, ReadOnlySpan<byte> serverName, out AccessToken? opened)
    {
        opened = null;
        CheckKey(key);
        if (token.Length is < 2 + NonceLength + 2 + 12 + TagLength or > MaxToken || BinaryPrimitives.ReadUInt16BigEndian(token) != NonceLength)
            return false;
        var nonce = token.Slice(2, NonceLength);
        var cipher = token[(2 + NonceLength)..^TagLength];
        Span<byte> plain = stackalloc byte[MaxToken];
        plain = plain[..cipher.Length];
        try
        {
            using var gcm = new AesGcm(key, TagLength);
            gcm.Decrypt(nonce, cipher, token[^TagLength..], plain, serverName);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(plain);
        if (length == 0 || plain.Length != 2 + length + 12)
            return false;
        var stamp = BinaryPrimitives.ReadUInt64BigEndian(plain[(2 + length)..]);
        var seconds = stamp >> 16;
        if (seconds > (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds() - 1)
            return false;
        var issued = DateTimeOffset.FromUnixTimeSeconds((long)seconds).AddTicks((long)(stamp & 0xFFFF) * TimeSpan.TicksPerSecond / 64000);
        var lifetime = TimeSpan.FromSeconds(BinaryPrimitives.ReadUInt32BigEndian(plain[(10 + length)..]));
        opened = new AccessToken(plain.Slice(2, length).ToArray(), issued, lifetime);
        return true;
    }

    /// <summary>Lifetime + Delta &gt; |now - issued| (section 7).</summary>
    public bool IsValid(DateTimeOffset utcNow) => Lifetime + Delta > (utcNow - Issued).Duration();

    /// <summary>Longest allocation lifetime that the token covers (section 9), or zero.</summary>
    public TimeSpan RemainingLifetime(DateTimeOffset utcNow)
    {
        var rest = Lifetime + Delta - (utcNow - Issued).Duration();
        return rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
    }

    /// <summary>Hides the key.</summary>
    public override string ToString() => $"AccessToken(issued {Issued:O}, lifetime {Lifetime})";

    internal byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> serverName, ReadOnlySpan<byte> nonce)
    {
        CheckKey(key);
        if (MacKey.Length is 0 or > MaxMacKey)
            throw new ArgumentException($"The session key of an access token has 1 to {MaxMacKey} bytes, not {MacKey.Length}.");
        Span<byte> plain = stackalloc byte[2 + MacKey.Length + 12];
        BinaryPrimitives.WriteUInt16BigEndian(plain, (ushort)MacKey.Length);
        MacKey.Span.CopyTo(plain[2..]);
        var sinceEpoch = Issued - DateTimeOffset.UnixEpoch;
        var seconds = (ulong)(sinceEpoch.Ticks / TimeSpan.TicksPerSecond);
        var fraction = (ulong)(sinceEpoch.Ticks % TimeSpan.TicksPerSecond * 64000 / TimeSpan.TicksPerSecond);
        BinaryPrimitives.WriteUInt64BigEndian(plain[(2 + MacKey.Length)..], (seconds << 16) | fraction);
        BinaryPrimitives.WriteUInt32BigEndian(plain[(10 + MacKey.Length)..], (uint)Lifetime.TotalSeconds);

        var token = new byte[2 + NonceLength + plain.Length + TagLength];
        BinaryPrimitives.WriteUInt16BigEndian(token, NonceLength);
        nonce.CopyTo(token.AsSpan(2));
        using var gcm = new AesGcm(key, TagLength);
        gcm.Encrypt(nonce, plain, token.AsSpan(2 + NonceLength, plain.Length), token.AsSpan(token.Length - TagLength), serverName);
        return token;
    }

    private static void CheckKey(ReadOnlySpan<byte> key)
    {
        if (key.Length is not (16 or 32))
            throw new ArgumentException($"The key shared with the authorization server has 16 or 32 bytes, not {key.Length}.", nameof(key));
    }
}
