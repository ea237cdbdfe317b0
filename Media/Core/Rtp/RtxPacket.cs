using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>Retransmissions as a stream of their own: the original sequence number stands before the payload (RFC 4588 section 4).</summary>
public static class RtxPacket
{
    /// <summary>Bytes that a packet grows by.</summary>
    public const int Overhead = 2;

    /// <summary>
    /// Writes the RTX form of a packet; extensions are kept, padding is left out. Returns the length, 0 when there is no room.
    /// </summary>
    public static int Write(in RtpPacket original, byte payloadType, uint ssrc, ushort sequence, Span<byte> buffer)
    {
        var start = original.PayloadStart;
        var payload = original.Payload;
        if (buffer.Length < start + Overhead + payload.Length) return 0;
        original.Packet[..start].CopyTo(buffer);
        buffer[0] &= 0xdf;
        buffer[1] = (byte)((buffer[1] & 0x80) | (payloadType & 0x7f));
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[8..], ssrc);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[start..], original.SequenceNumber);
        payload.CopyTo(buffer[(start + Overhead)..]);
        return start + Overhead + payload.Length;
    }

    /// <summary>Writes the original packet back; returns its length, 0 when the packet is only padding (a bandwidth probe) or does not fit.</summary>
    public static int Restore(in RtpPacket rtx, byte payloadType, uint ssrc, Span<byte> buffer)
    {
        var start = rtx.PayloadStart;
        var payload = rtx.Payload;
        if (payload.Length < Overhead || buffer.Length < start + payload.Length - Overhead) return 0;
        rtx.Packet[..start].CopyTo(buffer);
        buffer[0] &= 0xdf;
        buffer[1] = (byte)((buffer[1] & 0x80) | (payloadType & 0x7f));
        payload[..Overhead].CopyTo(buffer[2..]);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[8..], ssrc);
        payload[Overhead..].CopyTo(buffer[start..]);
        return start + payload.Length - Overhead;
    }
}
