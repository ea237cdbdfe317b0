using System.Buffers.Binary;

namespace MediaRelay.Stun;

/// <summary>
/// A view over one ChannelData message (RFC 8656 section 12.4): 16-bit channel number 0x4000 to 0x4FFF, 16-bit length, bytes.
/// Over UDP bytes beyond the length are ignored; over TCP and TLS the message is padded to a multiple of 4.
/// </summary>
public readonly ref struct ChannelData
{
    public const int HeaderLength = 4;
    public const ushort FirstNumber = 0x4000;
    public const ushort LastNumber = 0x4FFF;

    private ChannelData(ushort number, ReadOnlySpan<byte> payload)
    {
        Number = number;
        Payload = payload;
    }

    public ushort Number { get; }

    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>True when the first byte says ChannelData (0x40 to 0x4F).</summary>
    public static bool LooksLikeChannelData(ReadOnlySpan<byte> datagram) => datagram.Length >= HeaderLength && datagram[0] >> 4 == 4;

    public static bool IsValidNumber(int number) => number is >= FirstNumber and <= LastNumber;

    public static bool TryRead(ReadOnlySpan<byte> datagram, out ChannelData channelData)
    {
        channelData = default;
        if (!LooksLikeChannelData(datagram))
            return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if (HeaderLength + length > datagram.Length)
            return false;
        channelData = new ChannelData(BinaryPrimitives.ReadUInt16BigEndian(datagram), datagram.Slice(HeaderLength, length));
        return true;
    }

    /// <summary>Writes the 4 bytes in front of a payload that is already in place.</summary>
    public static void WriteHeader(Span<byte> destination, ushort number, int payloadLength)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, number);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], checked((ushort)payloadLength));
    }

    /// <summary>Size of the message on a stream: header, payload, padding to a multiple of 4.</summary>
    public static int StreamLength(int payloadLength) => HeaderLength + ((payloadLength + 3) & ~3);
}
