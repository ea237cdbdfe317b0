namespace MediaRelay.Media.Rtp;

/// <summary>Sender part of an SR (RFC 3550 section 6.4.1).</summary>
/// <param name="Ssrc">The sender.</param>
/// <param name="NtpTime">Wall-clock time as 32.32 bit seconds since 1900.</param>
/// <param name="RtpTime">The same moment in ticks of the codec's clock.</param>
/// <param name="Packets">Packets sent since the start.</param>
/// <param name="Octets">Payload bytes sent since the start.</param>
public readonly record struct SenderReport(uint Ssrc, ulong NtpTime, uint RtpTime, uint Packets, uint Octets)
{
    /// <summary>The middle 32 bits of the NTP time, which receivers send back in LSR.</summary>
    public uint MiddleNtp => (uint)(NtpTime >> 16);

    /// <summary>NTP form of a wall-clock time.</summary>
    public static ulong ToNtp(DateTimeOffset utcNow)
    {
        var since = utcNow.UtcDateTime - new DateTime(1900, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var seconds = (ulong)(since.Ticks / TimeSpan.TicksPerSecond);
        var fraction = (ulong)(since.Ticks % TimeSpan.TicksPerSecond) << 32;
        return seconds << 32 | fraction / TimeSpan.TicksPerSecond;
    }
}
