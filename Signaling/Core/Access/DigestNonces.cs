using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Signaling.Access;

/// <summary>
/// Issues nonces that carry their own time and proof, and remembers which nonce counts were used: each once, within a window of 128
/// so that parallel requests may arrive in another order (RFC 7616 section 3.3, threats on replay).
/// </summary>
/// <remarks>
/// Nothing is remembered for a nonce before a request with a valid response. One owner at a time; the shell holds a lock.
/// </remarks>
public sealed class DigestNonces
{
    private const int MaxTracked = 65_536;
    private const int ProofLength = 16;

    private readonly byte[] _key = new byte[32];
    private readonly byte[] _realm;
    private readonly TimeSpan _life;
    private readonly Dictionary<string, Use> _uses = new(StringComparer.Ordinal);
    private readonly Queue<(TimeSpan Expires, string Nonce)> _order = new();
    private ulong _counter;

    /// <summary>Creates the issuer with a fresh key.</summary>
    public DigestNonces(string realm, TimeSpan life, RandomNumberGenerator random)
    {
        _realm = Encoding.UTF8.GetBytes(realm);
        _life = life;
        random.GetBytes(_key);
    }

    /// <summary>A new nonce, valid from now on.</summary>
    public string Issue(TimeSpan now)
    {
        Span<byte> octets = stackalloc byte[16 + ProofLength];
        BinaryPrimitives.WriteInt64BigEndian(octets, now.Ticks);
        BinaryPrimitives.WriteUInt64BigEndian(octets[8..], ++_counter);
        Prove(octets[..16], octets[16..]);
        return Convert.ToBase64String(octets);
    }

    /// <summary>Whether the nonce is ours and young enough.</summary>
    public DigestNonceState Check(string nonce, TimeSpan now)
    {
        Span<byte> octets = stackalloc byte[16 + ProofLength];
        if (!Convert.TryFromBase64String(nonce, octets, out int length) || length != octets.Length)
            return DigestNonceState.Forged;
        Span<byte> proof = stackalloc byte[ProofLength];
        Prove(octets[..16], proof);
        if (!CryptographicOperations.FixedTimeEquals(proof, octets[16..]))
            return DigestNonceState.Forged;
        var issued = new TimeSpan(BinaryPrimitives.ReadInt64BigEndian(octets));
        return now - issued > _life ? DigestNonceState.Stale : DigestNonceState.Valid;
    }

    /// <summary>Uses a nonce count; false when it was used before or lies below the window.</summary>
    public bool TryUse(string nonce, uint count, TimeSpan now)
    {
        while (_order.TryPeek(out (TimeSpan Expires, string Nonce) oldest) && (oldest.Expires < now || _uses.Count >= MaxTracked))
        {
            _order.Dequeue();
            _uses.Remove(oldest.Nonce);
        }

        if (!_uses.TryGetValue(nonce, out Use? use))
        {
            use = new Use();
            _uses.Add(nonce, use);
            _order.Enqueue((now + _life, nonce));
        }

        return use.TryAdd(count);
    }

    private void Prove(ReadOnlySpan<byte> stamp, Span<byte> proof)
    {
        Span<byte> message = stackalloc byte[256];
        stamp.CopyTo(message);
        int realmLength = Math.Min(_realm.Length, 200);
        _realm.AsSpan(0, realmLength).CopyTo(message[stamp.Length..]);
        Span<byte> mac = stackalloc byte[32];
        HMACSHA256.HashData(_key, message[..(stamp.Length + realmLength)], mac);
        mac[..ProofLength].CopyTo(proof);
    }

    private sealed class Use
    {
        private uint _highest;
        private UInt128 _window;

        public bool TryAdd(uint count)
        {
            if (count == 0)
                return false;
            if (count > _highest)
            {
                uint shift = count - _highest;
                _window = shift >= 128 ? UInt128.One : (_window << (int)shift) | UInt128.One;
                _highest = count;
                return true;
            }

            uint back = _highest - count;
            if (back >= 128 || ((_window >> (int)back) & UInt128.One) != UInt128.Zero)
                return false;
            _window |= UInt128.One << (int)back;
            return true;
        }
    }
}
