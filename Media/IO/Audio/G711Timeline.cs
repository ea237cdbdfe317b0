using System.Buffers.Binary;

namespace MediaRelay.Media.IO.Audio;

/// <summary>
/// Puts G.711 packets on their timeline: a gap becomes silence, a late or repeated packet is left out. A pause longer than a second,
/// or a new source, starts a new timeline.
/// </summary>
internal sealed class G711Timeline
{
    private const int LongestGap = 8000;

    private uint _ssrc;
    private uint _next;
    private bool _started;

    /// <summary>Reads a packet; false when it is to be left out. <paramref name="silence"/> is the number of samples that are missing before it.</summary>
    public bool TryTake(ReadOnlySpan<byte> packet, out int silence, out ReadOnlySpan<byte> payload)
    {
        silence = 0;
        payload = default;
        if (packet.Length < 12 || packet[0] >> 6 != 2) return false;
        var start = 12 + (packet[0] & 15) * 4;
        if ((packet[0] & 0x10) != 0)
        {
            if (packet.Length < start + 4) return false;
            start += 4 + 4 * BinaryPrimitives.ReadUInt16BigEndian(packet[(start + 2)..]);
        }
        var padding = (packet[0] & 0x20) != 0 ? packet[^1] : 0;
        if (start + padding >= packet.Length) return false;
        payload = packet[start..^padding];

        var time = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var gap = (int)(time - _next);
        if (!_started || ssrc != _ssrc || Math.Abs((long)gap) > LongestGap) gap = 0;
        if (gap < 0) return false;
        (_started, _ssrc, _next) = (true, ssrc, time + (uint)payload.Length);
        silence = gap;
        return true;
    }
}
