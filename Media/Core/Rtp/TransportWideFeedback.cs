using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>
/// Arrival times of packets numbered across all streams of a transport (draft-holmer-rmcat-transport-wide-cc-extensions-01
/// section 3.1). Times are in steps of 250 us.
/// </summary>
public static class TransportWideFeedback
{
    /// <summary>Entry for a packet that did not arrive.</summary>
    public const int NotReceived = int.MinValue;

    /// <summary>
    /// Reads the body behind the media source. <paramref name="deltas"/> gets, for each packet from <paramref name="first"/>
    /// on, its distance from the arrival before in steps of 250 us, or <see cref="NotReceived"/>.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> content, Span<int> deltas, out ushort first, out int count, out int referenceTime, out byte feedbackCount)
    {
        (first, count, referenceTime, feedbackCount) = (0, 0, 0, 0);
        if (content.Length < 8) return false;
        first = BinaryPrimitives.ReadUInt16BigEndian(content);
        count = BinaryPrimitives.ReadUInt16BigEndian(content[2..]);
        referenceTime = BinaryPrimitives.ReadInt32BigEndian(content[4..]) >> 8;
        feedbackCount = content[7];
        if (count == 0 || count > deltas.Length) return false;
        var (at, filled) = (8, 0);
        while (filled < count)
        {
            if (at + 2 > content.Length) return false;
            var chunk = BinaryPrimitives.ReadUInt16BigEndian(content[at..]);
            at += 2;
            if ((chunk & 0x8000) == 0)
            {
                for (var run = Math.Min(chunk & 0x1fff, count - filled); run > 0; run--) deltas[filled++] = chunk >> 13;
                if ((chunk & 0x1fff) == 0) return false;
            }
            else if ((chunk & 0x4000) == 0)
            {
                for (var i = 13; i >= 0 && filled < count; i--) deltas[filled++] = chunk >> i & 1;
            }
            else
            {
                for (var i = 12; i >= 0 && filled < count; i -= 2) deltas[filled++] = chunk >> i & 3;
            }
        }
        for (var i = 0; i < count; i++)
        {
            switch (deltas[i])
            {
                case 0: deltas[i] = NotReceived; break;
                case 1 when at + 1 <= content.Length: deltas[i] = content[at++]; break;
                case 2 when at + 2 <= content.Length: deltas[i] = BinaryPrimitives.ReadInt16BigEndian(content[at..]); at += 2; break;
                default: return false;
            }
        }
        return true;
    }
}
