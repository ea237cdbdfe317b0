using System.Buffers.Binary;

namespace MediaRelay.Stun;

/// <summary>
/// A view over one received STUN message (RFC 8489 section 5). <see cref="TryRead"/> checks header and every attribute boundary
/// once; nothing fails afterwards and nothing is allocated.
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0 0|     STUN Message Type     |         Message Length        |
/// |                         Magic Cookie                          |
/// |                     Transaction ID (96 bits)                  |
/// </code>
/// Enumeration and getters see only what stands before the first integrity attribute: what follows is not covered by it and
/// is ignored (section 14.5), except MESSAGE-INTEGRITY-SHA256 and FINGERPRINT, which have their own members.
/// </summary>
public readonly ref partial struct StunMessage
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly ushort _end;
    private readonly ushort _integrity;
    private readonly ushort _integritySha256;
    private readonly ushort _fingerprint;

    private StunMessage(ReadOnlySpan<byte> bytes, int end, int integrity, int integritySha256, int fingerprint)
    {
        _bytes = bytes;
        _end = (ushort)end;
        _integrity = (ushort)integrity;
        _integritySha256 = (ushort)integritySha256;
        _fingerprint = (ushort)fingerprint;
    }

    public StunMethod Method => MethodOf(BinaryPrimitives.ReadUInt16BigEndian(_bytes));

    public StunClass Class => (StunClass)(((_bytes[0] & 1) << 1) | ((_bytes[1] >> 4) & 1));

    public TransactionId TransactionId => TransactionId.FromBytes(_bytes[8..]);

    /// <summary>The whole message as received.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>A MESSAGE-INTEGRITY of the right length is present (not yet verified).</summary>
    public bool HasIntegrity => _integrity != 0;

    /// <summary>A MESSAGE-INTEGRITY-SHA256 of a permitted length is present (not yet verified).</summary>
    public bool HasIntegritySha256 => _integritySha256 != 0;

    public bool HasFingerprint => _fingerprint != 0;

    internal int IntegrityOffset => _integrity;

    internal int IntegritySha256Offset => _integritySha256;

    internal int FingerprintOffset => _fingerprint;

    /// <summary>A cheap look at the first byte and the cookie, for shells that share a socket with other protocols (RFC 7983).</summary>
    public static bool LooksLikeStun(ReadOnlySpan<byte> datagram) =>
        datagram.Length >= StunLimits.HeaderLength && datagram[0] < 4
        && BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) == StunLimits.MagicCookie;

    /// <summary>Reads exactly one message that fills <paramref name="bytes"/>. Never throws.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out StunMessage message, out StunParseError error)
    {
        message = default;
        error = CheckHeader(bytes);
        if (error != StunParseError.None)
            return false;

        int end = 0, integrity = 0, sha256 = 0, fingerprint = 0, count = 0;
        var offset = StunLimits.HeaderLength;
        while (offset < bytes.Length)
        {
            var type = (StunAttributeType)BinaryPrimitives.ReadUInt16BigEndian(bytes[offset..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(offset + 2)..]);
            var next = offset + 4 + ((length + 3) & ~3);
            error = next > bytes.Length ? StunParseError.AttributeOverrun
                : ++count > StunLimits.MaxAttributes ? StunParseError.TooManyAttributes
                : StunParseError.None;
            if (error != StunParseError.None)
                return false;

            switch (type)
            {
                case StunAttributeType.MessageIntegrity when end == 0:
                    integrity = length == MessageIntegrity.Sha1Length ? offset : 0;
                    end = offset;
                    break;
                case StunAttributeType.MessageIntegritySha256 when sha256 == 0 && (end == 0 || integrity != 0):
                    sha256 = length is >= 16 and <= MessageIntegrity.Sha256Length && length % 4 == 0 ? offset : 0;
                    end = end == 0 ? offset : end;
                    break;
                case StunAttributeType.Fingerprint:
                    if (next != bytes.Length || length != Fingerprint.Length)
                    {
                        error = StunParseError.BadFingerprintPlace;
                        return false;
                    }

                    fingerprint = offset;
                    end = end == 0 ? offset : end;
                    break;
                default:
                    break;
            }

            offset = next;
        }

        message = new StunMessage(bytes, end == 0 ? bytes.Length : end, integrity, sha256, fingerprint);
        return true;
    }

    public Enumerator GetEnumerator() => new(_bytes[StunLimits.HeaderLength.._end]);

    internal static ushort TypeOf(StunMethod method, StunClass @class)
    {
        var m = (int)method;
        var c = (int)@class;
        return (ushort)((m & 0x000F) | ((m & 0x0070) << 1) | ((m & 0x0F80) << 2) | ((c & 1) << 4) | ((c & 2) << 7));
    }

    private static StunMethod MethodOf(int type) =>
        (StunMethod)((type & 0x000F) | ((type & 0x00E0) >> 1) | ((type & 0x3E00) >> 2));

    private static StunParseError CheckHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < StunLimits.HeaderLength)
            return StunParseError.TooShort;
        if (bytes[0] > 0x3F)
            return StunParseError.NotStun;
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]) != StunLimits.MagicCookie)
            return StunParseError.BadCookie;
        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (length % 4 != 0)
            return StunParseError.LengthNotMultipleOfFour;
        // Offsets are kept in 16 bits; a message that needs more does not occur below 64 KiB of datagram.
        return length + StunLimits.HeaderLength != bytes.Length || bytes.Length > ushort.MaxValue
            ? StunParseError.LengthMismatch
            : StunParseError.None;
    }

    /// <summary>Walks the attributes before the first integrity attribute in wire order.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _rest;

        internal Enumerator(ReadOnlySpan<byte> attributes) => _rest = attributes;

        public StunAttribute Current { get; private set; }

        public bool MoveNext()
        {
            if (_rest.IsEmpty)
                return false;
            int length = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
            Current = new StunAttribute((StunAttributeType)BinaryPrimitives.ReadUInt16BigEndian(_rest), _rest.Slice(4, length));
            _rest = _rest[(4 + ((length + 3) & ~3))..];
            return true;
        }
    }
}
