using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cmts;

/// <summary>From a traffic profile to a DOCSIS service flow (PCMM I05 section 9). Rates are rounded up to whole bit/s, intervals to the nearest microsecond.</summary>
public static class DocsisMapping
{
    private const int Ethernet = 18;
    private const int DocsisHeader = 6;
    private const int UgsExtendedHeader = 3;
    private const int PrivacyHeader = 5;
    private const int SegmentHeader = 8;
    private const uint MinBurst = 1522;
    private const uint GrantPolicy = 0x37F;
    private const uint GrantPolicyWithSegmentHeaders = 0x17F;
    private const uint PollPolicy = 0x1F;
    private const byte FlowPriority = 5;
    private const uint MinJitter = 800;

    /// <summary>Bytes of the grant that carries an IP packet, with privacy (BPI+) and, on DOCSIS 3.0 with segment headers, those too.</summary>
    public static int GrantSize(int ipBytes, bool privacy = true, bool segmentHeaders = false) =>
        ipBytes + Ethernet + DocsisHeader + UgsExtendedHeader + (privacy ? PrivacyHeader : 0) + (segmentHeaders ? SegmentHeader : 0);

    /// <summary>Maps one envelope of a profile; error 17 for jitter, rates or sizes that cannot be.</summary>
    public static PcmmErrorCode TryMap(in TrafficProfile profile, ResourceEnvelopes envelope, GateDirection direction, bool privacy, bool segmentHeaders, out ServiceFlowParameters flow)
    {
        ParameterSet set = profile.For(envelope);
        flow = default;
        if (profile.Type == TrafficProfileType.FlowSpec)
        {
            bool controlled = profile.ServiceNumber == TrafficProfile.ControlledLoad;
            if ((!controlled && profile.ServiceNumber != TrafficProfile.GuaranteedService) || !set.FlowSpec.IsSane) return PcmmErrorCode.InvalidFieldValue;
            return direction == GateDirection.Upstream ? MapUpstream(set.FlowSpec, controlled, privacy, segmentHeaders, out flow) : MapDownstream(set.FlowSpec, controlled, out flow);
        }
        (SchedulingType scheduling, bool isUpstream) = profile.Type switch
        {
            TrafficProfileType.BestEffort => (SchedulingType.BestEffort, true),
            TrafficProfileType.NonRealTimePolling => (SchedulingType.NonRealTimePolling, true),
            TrafficProfileType.RealTimePolling => (SchedulingType.RealTimePolling, true),
            TrafficProfileType.UnsolicitedGrant => (SchedulingType.UnsolicitedGrant, true),
            TrafficProfileType.UnsolicitedGrantWithActivityDetection => (SchedulingType.UnsolicitedGrantWithActivityDetection, true),
            _ => (SchedulingType.Downstream, false),
        };
        if (isUpstream != (direction == GateDirection.Upstream)) return PcmmErrorCode.InvalidFieldValue;
        if (!AreSound(profile.Type, set)) return PcmmErrorCode.InvalidFieldValue;
        flow = new ServiceFlowParameters(scheduling, set);
        return PcmmErrorCode.None;
    }

    private static bool AreSound(TrafficProfileType type, in ParameterSet set) => type switch
    {
        TrafficProfileType.RealTimePolling => set.PollJitter is 0 or >= MinJitter,
        TrafficProfileType.UnsolicitedGrant => set.GrantJitter >= MinJitter && set.GrantSize > 0 && set.GrantInterval > 0,
        TrafficProfileType.UnsolicitedGrantWithActivityDetection =>
            set.GrantJitter >= MinJitter && set.PollJitter is 0 or >= MinJitter && set.GrantSize > 0 && set.GrantInterval > 0,
        _ => set.Priority <= 7,
    };

    private static PcmmErrorCode MapUpstream(in FlowSpec f, bool controlled, bool privacy, bool segmentHeaders, out ServiceFlowParameters flow)
    {
        double m = f.MinPacket;
        flow = default;
        if (controlled)
        {
            flow = new ServiceFlowParameters(SchedulingType.BestEffort, new ParameterSet
            {
                Priority = FlowPriority, MaxSustainedRate = Rate(f.PeakRate, m), MinReservedRate = Rate(f.BucketRate, m),
                MaxBurst = Burst(f.BucketSize, m), MinPacketSize = (ushort)Math.Min(m + Ethernet, ushort.MaxValue),
            });
            return PcmmErrorCode.None;
        }
        if (f.PeakRate == f.BucketRate && f.BucketRate == f.ReservedRate && f.MaxPacket == f.MinPacket)
        {
            if (f.Slack < MinJitter || f.ReservedRate <= 0) return PcmmErrorCode.InvalidFieldValue;
            flow = new ServiceFlowParameters(SchedulingType.UnsolicitedGrant, new ParameterSet
            {
                RequestPolicy = segmentHeaders ? GrantPolicyWithSegmentHeaders : GrantPolicy, GrantSize = (ushort)Math.Min(GrantSize((int)f.MaxPacket, privacy, segmentHeaders), ushort.MaxValue),
                GrantsPerInterval = 1, GrantInterval = Interval(f.MaxPacket, f.ReservedRate), GrantJitter = f.Slack,
            });
            return PcmmErrorCode.None;
        }
        if (f.Slack is > 0 and < MinJitter || f.ReservedRate <= 0) return PcmmErrorCode.InvalidFieldValue;
        uint rate = Rate(f.BucketRate, m);
        flow = new ServiceFlowParameters(SchedulingType.RealTimePolling, new ParameterSet
        {
            RequestPolicy = PollPolicy, MaxSustainedRate = rate, MinReservedRate = rate, MaxBurst = Burst(f.BucketSize, m),
            MinPacketSize = (ushort)Math.Min(m + Ethernet, ushort.MaxValue), PollingInterval = Interval(f.MinPacket, f.ReservedRate), PollJitter = f.Slack,
        });
        return PcmmErrorCode.None;
    }

    private static PcmmErrorCode MapDownstream(in FlowSpec f, bool controlled, out ServiceFlowParameters flow)
    {
        double m = f.MinPacket;
        uint reserved = Rate(f.BucketRate, m), peak = Rate(f.PeakRate, m);
        flow = new ServiceFlowParameters(SchedulingType.Downstream, new ParameterSet
        {
            Priority = FlowPriority, MinPacketSize = (ushort)Math.Min(m + Ethernet, ushort.MaxValue), MinReservedRate = reserved,
            MaxSustainedRate = controlled ? peak : reserved, PeakRate = peak, MaxBurst = Burst(f.BucketSize, controlled ? f.MaxPacket : m),
            MaxLatency = controlled ? 0 : f.Slack,
        });
        return PcmmErrorCode.None;
    }

    /// <summary>An unlimited or absent rate is left out, which is zero.</summary>
    private static uint Rate(float bytesPerSecond, double m)
    {
        if (bytesPerSecond <= 0 || float.IsInfinity(bytesPerSecond)) return 0;
        double rate = bytesPerSecond / m * (m + Ethernet) * 8;
        return (uint)Math.Min(Math.Ceiling(Math.Round(rate, 3)), uint.MaxValue);
    }

    private static uint Burst(float bucket, double packet) => (uint)Math.Max(Math.Min(Math.Ceiling(Math.Round(bucket / packet * (packet + Ethernet), 3)), uint.MaxValue), MinBurst);

    private static uint Interval(uint bytes, float rate) => (uint)Math.Min(Math.Round(bytes / (double)rate * 1e6), uint.MaxValue);
}
