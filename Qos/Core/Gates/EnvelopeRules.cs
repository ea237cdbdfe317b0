using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>Whether one envelope fits into another: committed in reserved in authorised (PCMM I05 section 6.2, 9.2).</summary>
internal static class EnvelopeRules
{
    /// <summary>The whole profile: every named envelope fits in the one above it.</summary>
    public static bool AreNested(in TrafficProfile profile)
    {
        if (profile.Count < 2) return true;
        return Fits(profile.Type, profile.Second, profile.First) && (profile.Count < 3 || Fits(profile.Type, profile.Third, profile.Second));
    }

    public static bool Fits(TrafficProfileType type, in ParameterSet a, in ParameterSet b)
    {
        if (type == TrafficProfileType.FlowSpec) return Fits(a.FlowSpec, b.FlowSpec);
        return a.Priority <= b.Priority
            && Limit(a.MaxSustainedRate) <= Limit(b.MaxSustainedRate)
            && a.MaxBurst <= b.MaxBurst
            && a.MinReservedRate <= b.MinReservedRate
            && Limit(a.MaxConcatenatedBurst) <= Limit(b.MaxConcatenatedBurst)
            && a.GrantSize <= b.GrantSize
            && a.GrantsPerInterval <= b.GrantsPerInterval
            && Limit(a.PeakRate) <= Limit(b.PeakRate)
            && a.MinPacketSize >= b.MinPacketSize
            && Limit(a.PollJitter) >= Limit(b.PollJitter)
            && a.GrantJitter >= b.GrantJitter
            && Limit(a.MaxLatency) >= Limit(b.MaxLatency)
            && a.RequestPolicy == b.RequestPolicy
            && IsMultiple(a.PollingInterval, b.PollingInterval)
            && IsMultiple(a.GrantInterval, b.GrantInterval);
    }

    private static bool Fits(in FlowSpec a, in FlowSpec b) =>
        a.BucketRate <= b.BucketRate && a.BucketSize <= b.BucketSize && a.PeakRate <= b.PeakRate && a.MaxPacket <= b.MaxPacket
        && a.ReservedRate <= b.ReservedRate && a.MinPacket >= b.MinPacket && a.Slack >= b.Slack;

    /// <summary>Zero means "no limit" or "the CMTS's default", which is above any number.</summary>
    private static uint Limit(uint value) => value == 0 ? uint.MaxValue : value;

    private static bool IsMultiple(uint a, uint b) => b == 0 ? a == 0 : a % b == 0 && a > 0;
}
