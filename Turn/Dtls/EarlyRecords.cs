using System.Buffers.Binary;

namespace MediaRelay.Dtls;

/// <summary>
/// What a client may make OpenSSL keep before its handshake is done. OpenSSL keeps ten messages ahead of their turn, of up to 100 kB each, and
/// a hundred records of the next epoch, each in a buffer of 17 kB: near 3 MB for a stranger. With these bounds a handshake without client
/// certificates takes 130 KiB at most, 76 of which OpenSSL takes at once; a client that has exchanged keys can make it 320.
/// </summary>
internal struct EarlyRecords(bool hasCertificate)
{
    /// <summary>A client without a certificate says nothing longer than its hello, which fits a datagram.</summary>
    private const int MostWithoutCertificate = 1500;

    internal const int MostWithCertificate = 16 * 1024;

    /// <summary>The Finished and one record behind it, when they overtake what they belong to. Repeats are not needed: those kept count.</summary>
    private const int MostAhead = 2;

    private const int MessageHeader = 12;

    private int _ahead;

    /// <summary>How many leading bytes of whole records are of epoch 0 and may be given to OpenSSL.</summary>
    public readonly int AdmitFirstEpoch(ReadOnlySpan<byte> records)
    {
        var position = 0;
        for (int length; position < records.Length; position += length)
        {
            var record = records[position..];
            length = LengthOf(record);
            if (EpochOf(record) > 0 || (record[0] == DtlsRecord.Handshake && !IsShort(record[DtlsRecord.HeaderLength..length]))) break;
        }
        return position;
    }

    /// <summary>How many leading bytes are of later epochs and may be kept although their keys are not there; the rest is to be ignored.</summary>
    public int AdmitAhead(ReadOnlySpan<byte> records)
    {
        var position = 0;
        while (position < records.Length && EpochOf(records[position..]) > 0 && _ahead < MostAhead)
        {
            _ahead++;
            position += LengthOf(records[position..]);
        }
        return position;
    }

    private static int LengthOf(ReadOnlySpan<byte> record) => DtlsRecord.HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(record[11..]);

    private static int EpochOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt16BigEndian(record[3..]);

    /// <summary>Whether all messages of which a record of epoch 0 has fragments are short enough.</summary>
    private readonly bool IsShort(ReadOnlySpan<byte> fragments)
    {
        while (fragments.Length >= MessageHeader)
        {
            if (Read24(fragments[1..]) > (hasCertificate ? MostWithCertificate : MostWithoutCertificate)) return false;
            var length = MessageHeader + Read24(fragments[9..]);
            if (length > fragments.Length) return false;
            fragments = fragments[length..];
        }
        return true;
    }

    private static int Read24(ReadOnlySpan<byte> bytes) => bytes[0] << 16 | bytes[1] << 8 | bytes[2];
}
