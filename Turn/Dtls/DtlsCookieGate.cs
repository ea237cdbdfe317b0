using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MediaRelay.Dtls;

/// <summary>
/// Stateless cookie exchange for a public DTLS listener (RFC 6347 section 4.2.1): proves a client's address before anything is stored.
/// A verdict allocates nothing. The cookie is an HMAC-SHA-256 over time slot, peer address and client random, good for 30 to 60 seconds.
/// </summary>
public sealed class DtlsCookieGate
{
    /// <summary>Bytes of the longest reply; always fewer than the ClientHello that caused it.</summary>
    public const int ReplyLength = DtlsRecord.HeaderLength + 12 + 3 + CookieLength;

    private const int TagLength = 20;
    private const int CookieLength = 1 + TagLength;
    private const int MostAddressBytes = 32;
    private static readonly TimeSpan Slot = TimeSpan.FromSeconds(30);

    private readonly byte[] _key = new byte[32];

    public DtlsCookieGate(RandomNumberGenerator random) => random.GetBytes(_key);

    /// <summary>
    /// Judges a datagram. <paramref name="peer"/> is the canonical address and port, at most 32 bytes;
    /// <paramref name="reply"/> has room for <see cref="ReplyLength"/> bytes.
    /// </summary>
    public DtlsCookieVerdict Examine(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> peer, TimeSpan now, Span<byte> reply, out int replyLength)
    {
        replyLength = 0;
        if (peer.Length > MostAddressBytes || !ClientHello.TryRead(datagram, out var hello) || !hello.OffersSupportedSuite())
            return DtlsCookieVerdict.Drop;

        var slot = now.Ticks / Slot.Ticks;
        Span<byte> expected = stackalloc byte[CookieLength];
        if (hello.Cookie.Length == CookieLength)
        {
            var age = (byte)((byte)slot - hello.Cookie[0]);
            if (age <= 1)
            {
                Compute(slot - age, peer, hello.Random, expected);
                if (CryptographicOperations.FixedTimeEquals(expected, hello.Cookie)) return DtlsCookieVerdict.Accept;
            }
        }
        Compute(slot, peer, hello.Random, expected);
        replyLength = WriteHelloVerifyRequest(hello.RecordSequence, expected, reply);
        return replyLength <= datagram.Length ? DtlsCookieVerdict.SendReply : DtlsCookieVerdict.Drop;
    }

    private void Compute(long slot, ReadOnlySpan<byte> peer, ReadOnlySpan<byte> random, Span<byte> cookie)
    {
        Span<byte> input = stackalloc byte[8 + 1 + MostAddressBytes + 32];
        BinaryPrimitives.WriteInt64BigEndian(input, slot);
        input[8] = (byte)peer.Length;
        peer.CopyTo(input[9..]);
        random.CopyTo(input[(9 + peer.Length)..]);
        Span<byte> tag = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, input[..(9 + peer.Length + random.Length)], tag);
        cookie[0] = (byte)slot;
        tag[..TagLength].CopyTo(cookie[1..]);
    }

    private static int WriteHelloVerifyRequest(ReadOnlySpan<byte> recordSequence, ReadOnlySpan<byte> cookie, Span<byte> reply)
    {
        const int body = 3 + CookieLength;
        reply = reply[..ReplyLength];
        reply.Clear();
        reply[0] = DtlsRecord.Handshake;
        reply[1] = 0xFE;
        reply[2] = 0xFF; // RFC 6347 section 4.2.1: the request says DTLS 1.0 whatever is negotiated later.
        recordSequence.CopyTo(reply[3..]);
        BinaryPrimitives.WriteUInt16BigEndian(reply[11..], 12 + body);
        reply[13] = 3;
        reply[16] = body;
        reply[24] = body;
        reply[25] = 0xFE;
        reply[26] = 0xFF;
        reply[27] = CookieLength;
        cookie.CopyTo(reply[28..]);
        return ReplyLength;
    }
}
