using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>The fixed header fields of a packet to be written.</summary>
/// <param name="PayloadType">0-127.</param>
/// <param name="Marker">Last packet of a frame, or first after silence.</param>
/// <param name="SequenceNumber">Goes up by one with each packet.</param>
/// <param name="Timestamp">In ticks of the codec's clock.</param>
/// <param name="Ssrc">Source.</param>
public readonly record struct RtpHeader(byte PayloadType, bool Marker, ushort SequenceNumber, uint Timestamp, uint Ssrc)
{
    /// <summary>Writes the 12 bytes; false when there is no room.</summary>
    public bool TryWrite(Span<byte> packet)
    {
        if (packet.Length < RtpPacket.HeaderLength) return false;
        packet[0] = 0x80;
        packet[1] = (byte)((Marker ? 0x80 : 0) | (PayloadType & 0x7f));
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], SequenceNumber);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], Timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(packet[8..], Ssrc);
        return true;
    }
}
