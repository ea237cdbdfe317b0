using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using MediaRelay.Stun;

namespace MediaRelay.Turn.Access;

/// <summary>
/// Makes and checks nonces without remembering any: 8 hex digits of time and 96 bits of HMAC-SHA-256 over time, client address and
/// port, transport, offer and realm. In front stands the nonce cookie of RFC 8489 section 9.2 when SHA-256 is offered, so a changed
/// offer (bid-down) makes the nonce invalid.
/// </summary>
internal sealed class NonceIssuer
{
    /// <summary>Longest nonce: cookie 13, time 8, proof 16.</summary>
    public const int MaxLength = 37;

    private const int TimeLength = 8;
    private const int ProofLength = 16;
    private const long FutureTolerance = 30;

    private static ReadOnlySpan<byte> Cookie => "obMatJos2gAAA"u8; // feature bit 0: password algorithms

    // One keyed context for all nonces of the shard: half the cost of a one-shot call. Its handle is released by its own finalizer.
    private readonly IncrementalHash _mac;
    private readonly byte[] _realm;
    private readonly bool _offersSha256;
    private readonly bool _requiresSha256;

    public NonceIssuer(ReadOnlyMemory<byte> key, RelayCredentials credentials)
    {
        _mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.Span);
        _realm = credentials.RealmBytes.ToArray();
        _offersSha256 = credentials.Offers;
        _requiresSha256 = credentials.RequiresSha256;
    }

    /// <summary>Bytes of a nonce: 37 with the SHA-256 offer, 24 without.</summary>
    public int Length => (_offersSha256 ? Cookie.Length : 0) + TimeLength + ProofLength;

    /// <summary>Writes a nonce for this client and returns its length. Allocates nothing.</summary>
    public int Write(TransportAddress client, ClientTransport transport, DateTimeOffset utcNow, Span<byte> nonce)
    {
        var prefix = 0;
        if (_offersSha256)
        {
            Cookie.CopyTo(nonce);
            prefix = Cookie.Length;
        }

        var seconds = (uint)utcNow.ToUnixTimeSeconds();
        _ = Utf8Formatter.TryFormat(seconds, nonce[prefix..], out _, new System.Buffers.StandardFormat('x', TimeLength));
        WriteProof(client, transport, seconds, nonce.Slice(prefix + TimeLength, ProofLength));
        return Length;
    }

    /// <summary>True when this nonce was made for this client at most <paramref name="lifetime"/> ago. Allocates nothing.</summary>
    public bool Verify(ReadOnlySpan<byte> nonce, TransportAddress client, ClientTransport transport, DateTimeOffset utcNow, TimeSpan lifetime)
    {
        if (nonce.Length != Length)
        {
            return false;
        }

        if (_offersSha256)
        {
            if (!nonce.StartsWith(Cookie))
            {
                return false;
            }

            nonce = nonce[Cookie.Length..];
        }

        if (!Utf8Parser.TryParse(nonce[..TimeLength], out uint seconds, out var used, 'x') || used != TimeLength)
        {
            return false;
        }

        // Unsigned difference: the 32-bit second counter wraps in 2106.
        var age = (int)((uint)utcNow.ToUnixTimeSeconds() - seconds);
        if (age < -FutureTolerance || age > lifetime.TotalSeconds)
        {
            return false;
        }

        Span<byte> proof = stackalloc byte[ProofLength];
        WriteProof(client, transport, seconds, proof);
        return CryptographicOperations.FixedTimeEquals(proof, nonce[TimeLength..]);
    }

    private void WriteProof(TransportAddress client, ClientTransport transport, uint seconds, Span<byte> proof)
    {
        Span<byte> input = stackalloc byte[8 + 16 + RelayCredentials.MaxRealmBytes];
        BinaryPrimitives.WriteUInt32BigEndian(input, seconds);
        BinaryPrimitives.WriteUInt16BigEndian(input[4..], client.Port);
        input[6] = (byte)transport;
        input[7] = (byte)((_offersSha256 ? 1 : 0) | (_requiresSha256 ? 2 : 0) | ((int)client.Family << 4));
        BinaryPrimitives.WriteUInt128BigEndian(input[8..], client.Bits);
        _realm.CopyTo(input[24..]);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        _mac.AppendData(input[..(24 + _realm.Length)]);
        _ = _mac.GetHashAndReset(mac);
        _ = Base64.EncodeToUtf8(mac[..12], proof, out _, out _);
    }
}
