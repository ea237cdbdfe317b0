using System.Buffers.Binary;

namespace MediaRelay.Stun;

/// <summary>
/// Cuts a TCP or TLS byte stream into STUN and ChannelData messages (RFC 8489 section 6.2.2, RFC 8656 section 12.5). There is no
/// length prefix: the messages carry their own, and ChannelData is padded to a multiple of 4.
/// </summary>
public static class StunFraming
{
    /// <summary>
    /// Looks at the start of <paramref name="buffer"/>. For a whole message <paramref name="length"/> is its size without padding
    /// and <paramref name="consumed"/> the bytes to remove; both are 0 otherwise. A message above
    /// <paramref name="maxMessage"/> bytes, a first byte of another protocol or a wrong cookie is malformed as soon as it shows.
    /// </summary>
    /// <param name="oldChannels">Take channel numbers 0x5000 to 0x7FFF of RFC 5766 for ChannelData too; the receiver decides what to do with them.</param>
    public static StunFrameKind Peek(ReadOnlySpan<byte> buffer, int maxMessage, out int length, out int consumed, bool oldChannels = false)
    {
        length = consumed = 0;
        if (buffer.IsEmpty)
            return StunFrameKind.Incomplete;
        var isChannel = buffer[0] >> 4 == 4 || (oldChannels && buffer[0] >> 6 == 1);
        if (!isChannel && buffer[0] > 0x3F)
            return StunFrameKind.Malformed;
        if (buffer.Length < 4)
            return StunFrameKind.Incomplete;

        int field = BinaryPrimitives.ReadUInt16BigEndian(buffer[2..]);
        var size = field + (isChannel ? ChannelData.HeaderLength : StunLimits.HeaderLength);
        if (size > maxMessage || (!isChannel && field % 4 != 0))
            return StunFrameKind.Malformed;
        if (!isChannel && buffer.Length >= 8 && BinaryPrimitives.ReadUInt32BigEndian(buffer[4..]) != StunLimits.MagicCookie)
            return StunFrameKind.Malformed;
        var padded = (size + 3) & ~3;
        if (buffer.Length < padded)
            return StunFrameKind.Incomplete;
        length = size;
        consumed = padded;
        return isChannel ? StunFrameKind.ChannelData : StunFrameKind.Stun;
    }
}
