namespace MediaRelay.Media.Rtp;

/// <summary>Reads the table-of-contents byte of an Opus packet (RFC 6716 section 3.1), for durations without a decoder.</summary>
public static class OpusPayload
{
    /// <summary>RTP ticks in a second, whatever the coded band (RFC 7587 section 4.1).</summary>
    public const int ClockRate = 48000;

    /// <summary>Ticks of 1/48000 s that the packet lasts; 0 when it is malformed or longer than 120 ms.</summary>
    public static int Duration(ReadOnlySpan<byte> packet)
    {
        if (packet.IsEmpty) return 0;
        var config = packet[0] >> 3;
        var frame = config switch
        {
            < 12 => (config & 3) switch { 0 => 480, 1 => 960, 2 => 1920, _ => 2880 },
            < 16 => (config & 1) == 0 ? 480 : 960,
            _ => 120 << (config & 3),
        };
        int frames;
        switch (packet[0] & 3)
        {
            case 0: frames = 1; break;
            case 1: if (packet.Length % 2 == 0) return 0; frames = 2; break;
            case 2: frames = 2; break;
            default:
                if (packet.Length < 2) return 0;
                frames = packet[1] & 0x3f;
                break;
        }
        var duration = frames * frame;
        return duration is > 0 and <= 5760 ? duration : 0;
    }

    public static bool IsStereo(ReadOnlySpan<byte> packet) => !packet.IsEmpty && (packet[0] & 4) != 0;
}
