using System.Buffers.Binary;

namespace MediaRelay.Dtls;

/// <summary>Borders of DTLS records in a buffer (RFC 6347 section 4.1).</summary>
/// <remarks>
/// <code>
///  type(1) version(2) epoch(2) sequence(6) length(2) fragment(length)
/// </code>
/// </remarks>
public static class DtlsRecord
{
    public const int HeaderLength = 13;

    internal const byte Handshake = 22;
    internal const byte LowestType = 20;
    internal const byte HighestType = 25;

    /// <summary>True when the first byte is in the DTLS range of a port shared with STUN and SRTP (RFC 7983 section 7).</summary>
    public static bool IsDtls(ReadOnlySpan<byte> datagram) => datagram.Length >= HeaderLength && datagram[0] is >= 20 and <= 63;

    /// <summary>How many leading bytes of the datagram are whole, plausible records; what follows is to be ignored.</summary>
    internal static int WholeRecords(ReadOnlySpan<byte> datagram)
    {
        var position = 0;
        while (datagram.Length - position >= HeaderLength)
        {
            var record = datagram[position..];
            if (record[0] is < LowestType or > HighestType || record[1] != 0xFE) break;
            var length = HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(record[11..]);
            if (length == HeaderLength || length > record.Length) break;
            position += length;
        }
        return position;
    }

    /// <summary>Length of the longest run of whole records at the start of <paramref name="records"/> that fits into one datagram.</summary>
    internal static int NextDatagram(ReadOnlySpan<byte> records, int mtu)
    {
        var position = 0;
        while (records.Length - position >= HeaderLength)
        {
            var length = HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(records[(position + 11)..]);
            if (position + length > records.Length) return records.Length;
            if (position > 0 && position + length > mtu) break;
            position += length;
        }
        return position == 0 ? records.Length : position;
    }
}
