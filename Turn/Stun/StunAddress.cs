using System.Buffers.Binary;

namespace MediaRelay.Stun;

/// <summary>
/// The value of MAPPED-ADDRESS and XOR-MAPPED-ADDRESS (RFC 8489 sections 14.1 and 14.2): zero byte, family, port, address. The
/// XOR form hides port and address behind the magic cookie and the transaction id.
/// </summary>
internal static class StunAddress
{
    public const int MaxLength = 20;

    public static bool IsXored(StunAttributeType type) => type
        is StunAttributeType.XorMappedAddress or StunAttributeType.XorPeerAddress or StunAttributeType.XorRelayedAddress;

    public static bool TryRead(StunAttributeType type, ReadOnlySpan<byte> value, TransactionId id, out TransportAddress address)
    {
        address = default;
        if (value.Length < 8)
            return false;
        var xor = IsXored(type);
        var port = BinaryPrimitives.ReadUInt16BigEndian(value[2..]);
        if (xor)
            port ^= (ushort)(StunLimits.MagicCookie >> 16);
        switch ((IpFamily)value[1])
        {
            case IpFamily.V4 when value.Length == 8:
                address = TransportAddress.V4(BinaryPrimitives.ReadUInt32BigEndian(value[4..]) ^ (xor ? StunLimits.MagicCookie : 0), port);
                return true;
            case IpFamily.V6 when value.Length == 20:
                address = TransportAddress.V6(BinaryPrimitives.ReadUInt128BigEndian(value[4..]) ^ (xor ? Mask(id) : 0), port);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Writes the value and returns its length: 8 or 20.</summary>
    public static int Write(StunAttributeType type, TransportAddress address, TransactionId id, Span<byte> value)
    {
        var xor = IsXored(type);
        value[0] = 0;
        value[1] = (byte)address.Family;
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], xor ? (ushort)(address.Port ^ (StunLimits.MagicCookie >> 16)) : address.Port);
        if (address.IsV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(value[4..], (uint)address.Bits ^ (xor ? StunLimits.MagicCookie : 0));
            return 8;
        }

        BinaryPrimitives.WriteUInt128BigEndian(value[4..], address.Bits ^ (xor ? Mask(id) : 0));
        return 20;
    }

    private static UInt128 Mask(TransactionId id) => ((UInt128)StunLimits.MagicCookie << 96) | id.Bits;
}
