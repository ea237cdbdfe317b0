using System.Buffers.Binary;

namespace MediaRelay.Dtls;

/// <summary>View of the first fragment of a ClientHello, as far as the cipher suites (RFC 6347 section 4.3.2); written for strangers' datagrams, so it keeps nothing.</summary>
/// <remarks>
/// <code>
///  record header(13)  type(1)=1 length(3) message_seq(2) fragment_offset(3) fragment_length(3)
///  version(2) random(32) session_id(1+n) cookie(1+n) cipher_suites(2+n) ...
/// </code>
/// </remarks>
internal readonly ref struct ClientHello
{
    private const int HandshakeHeader = 12;

    private ClientHello(ReadOnlySpan<byte> recordSequence, ReadOnlySpan<byte> random, ReadOnlySpan<byte> cookie, ReadOnlySpan<byte> suites)
    {
        RecordSequence = recordSequence;
        Random = random;
        Cookie = cookie;
        CipherSuites = suites;
    }

    /// <summary>Epoch and sequence number of the record, 8 bytes.</summary>
    public ReadOnlySpan<byte> RecordSequence { get; }

    public ReadOnlySpan<byte> Random { get; }

    public ReadOnlySpan<byte> Cookie { get; }

    public ReadOnlySpan<byte> CipherSuites { get; }

    /// <summary>True when the datagram starts with a handshake record of epoch 0 that begins a ClientHello.</summary>
    public static bool IsClientHello(ReadOnlySpan<byte> datagram) =>
        datagram.Length > DtlsRecord.HeaderLength && datagram[0] == DtlsRecord.Handshake && datagram[1] == 0xFE
        && datagram[3] == 0 && datagram[4] == 0 && datagram[DtlsRecord.HeaderLength] == 1;

    public static bool TryRead(ReadOnlySpan<byte> datagram, out ClientHello hello)
    {
        hello = default;
        if (!IsClientHello(datagram)) return false;
        var recordLength = BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]);
        if (recordLength > datagram.Length - DtlsRecord.HeaderLength || recordLength < HandshakeHeader) return false;
        var handshake = datagram.Slice(DtlsRecord.HeaderLength, recordLength);
        var messageLength = Read24(handshake[1..]);
        var fragmentLength = Read24(handshake[9..]);
        if (Read24(handshake[6..]) != 0 || fragmentLength > messageLength || fragmentLength > handshake.Length - HandshakeHeader) return false;

        var body = handshake.Slice(HandshakeHeader, fragmentLength);
        if (body.Length < 34 || body[0] != 0xFE) return false;
        var random = body.Slice(2, 32);
        var rest = body[34..];
        if (!TryTake(ref rest, 1, 32, out _) || !TryTake(ref rest, 1, 255, out var cookie) || !TryTake(ref rest, 2, 0xFFFE, out var suites)) return false;
        if (suites.Length < 2 || suites.Length % 2 != 0) return false;
        hello = new ClientHello(datagram.Slice(3, 8), random, cookie, suites);
        return true;
    }

    /// <summary>Whether at least one suite of ours is offered; a hello without one would only make OpenSSL end the session.</summary>
    public bool OffersSupportedSuite()
    {
        for (var i = 0; i < CipherSuites.Length; i += 2)
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(CipherSuites[i..])
                is 0xC02B or 0xC02C or 0xC02F or 0xC030 or 0xCCA8 or 0xCCA9) return true;
        }
        return false;
    }

    private static int Read24(ReadOnlySpan<byte> bytes) => bytes[0] << 16 | bytes[1] << 8 | bytes[2];

    private static bool TryTake(scoped ref ReadOnlySpan<byte> rest, int prefix, int most, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (rest.Length < prefix) return false;
        var length = prefix == 1 ? rest[0] : BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (length > most || length > rest.Length - prefix) return false;
        value = rest.Slice(prefix, length);
        rest = rest[(prefix + length)..];
        return true;
    }
}
