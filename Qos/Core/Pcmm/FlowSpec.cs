namespace MediaRelay.Qos.Pcmm;

/// <summary>RSVP token bucket and reservation (RFC 2212, PCMM I05 section 6.4.2.7.1): rates in bytes per second, sizes in bytes of the IP datagram, slack in microseconds.</summary>
/// <param name="BucketRate">r.</param>
/// <param name="BucketSize">b.</param>
/// <param name="PeakRate">p.</param>
/// <param name="MinPacket">m.</param>
/// <param name="MaxPacket">M.</param>
/// <param name="ReservedRate">R; sets only the polling or grant interval.</param>
/// <param name="Slack">S; grant or poll jitter.</param>
public readonly record struct FlowSpec(float BucketRate, float BucketSize, float PeakRate, uint MinPacket, uint MaxPacket, float ReservedRate, uint Slack)
{
    /// <summary>Constant packets at a constant pace: maps to an unsolicited grant.</summary>
    public static FlowSpec Constant(uint packetBytes, double packetsPerSecond, uint slackMicroseconds = 800)
    {
        var rate = (float)(packetBytes * packetsPerSecond);
        return new FlowSpec(rate, packetBytes, rate, packetBytes, packetBytes, rate, slackMicroseconds);
    }

    /// <summary>No rate is negative or not a number, and sizes make sense.</summary>
    internal bool IsSane => BucketRate >= 0 && BucketSize >= 0 && PeakRate >= 0 && ReservedRate >= 0
        && !float.IsInfinity(ReservedRate) && !float.IsInfinity(BucketSize) && MinPacket is > 0 and <= 65535 && MaxPacket >= MinPacket && MaxPacket <= 65535;
}
