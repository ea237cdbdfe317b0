using System.Buffers.Binary;

namespace MediaRelay.Qos.Pcmm;

/// <summary>Reads and writes one parameter set of each profile type in both layouts (PCMM I05 section 6.4.2.7, I03 for the old layout).</summary>
internal static class ParameterCodec
{
    private const int Masks = 12;

    /// <summary>Bytes of one set; 0 for the types that have none.</summary>
    public static int Size(TrafficProfileType type, PcmmLayout layout)
    {
        int masks = layout == PcmmLayout.Current ? Masks : 0;
        return type switch
        {
            TrafficProfileType.FlowSpec => 28,
            TrafficProfileType.BestEffort => 24 + masks,
            TrafficProfileType.NonRealTimePolling or TrafficProfileType.RealTimePolling => 28 + masks,
            TrafficProfileType.UnsolicitedGrant => 16 + masks,
            TrafficProfileType.UnsolicitedGrantWithActivityDetection => 24 + masks,
            TrafficProfileType.Downstream => layout == PcmmLayout.Current ? 40 : 24,
            _ => 0,
        };
    }

    public static ParameterSet Read(TrafficProfileType type, PcmmLayout layout, ReadOnlySpan<byte> s)
    {
        bool current = layout == PcmmLayout.Current;
        ParameterSet set = type switch
        {
            TrafficProfileType.FlowSpec => new ParameterSet { FlowSpec = ReadFlowSpec(s) },
            TrafficProfileType.BestEffort => ReadRates(s[4..], current) with { Priority = s[0] },
            TrafficProfileType.NonRealTimePolling => ReadRates(s[4..], current) with { Priority = s[0], PollingInterval = U32(s, 24) },
            TrafficProfileType.RealTimePolling => ReadRates(s, current) with { PollingInterval = U32(s, 20), PollJitter = U32(s, 24) },
            TrafficProfileType.UnsolicitedGrant => ReadGrant(s),
            TrafficProfileType.UnsolicitedGrantWithActivityDetection => ReadGrant(s) with { PollingInterval = U32(s, 16), PollJitter = U32(s, 20) },
            _ => new ParameterSet
            {
                Priority = s[0], Resequencing = current ? s[1] : (byte)0, MaxSustainedRate = U32(s, 4), MaxBurst = U32(s, 8), MinReservedRate = U32(s, 12),
                MinPacketSize = U16(s, 16), MaxLatency = U32(s, 20), PeakRate = current ? U32(s, 24) : 0,
            },
        };
        if (!current || type == TrafficProfileType.FlowSpec) return set;
        int masks = Size(type, layout) - Masks;
        return set with { RequiredMask = U32(s, masks), ForbiddenMask = U32(s, masks + 4), AggregationMask = U32(s, masks + 8) };
    }

    public static void Write(in ParameterSet set, TrafficProfileType type, PcmmLayout layout, Span<byte> s)
    {
        bool current = layout == PcmmLayout.Current;
        s.Clear();
        switch (type)
        {
            case TrafficProfileType.FlowSpec: WriteFlowSpec(set.FlowSpec, s); return;
            case TrafficProfileType.BestEffort:
                s[0] = set.Priority;
                WriteRates(set, s[4..], current);
                break;
            case TrafficProfileType.NonRealTimePolling:
                s[0] = set.Priority;
                WriteRates(set, s[4..], current);
                W32(s, 24, set.PollingInterval);
                break;
            case TrafficProfileType.RealTimePolling:
                WriteRates(set, s, current);
                W32(s, 20, set.PollingInterval);
                W32(s, 24, set.PollJitter);
                break;
            case TrafficProfileType.UnsolicitedGrant: WriteGrant(set, s); break;
            case TrafficProfileType.UnsolicitedGrantWithActivityDetection:
                WriteGrant(set, s);
                W32(s, 16, set.PollingInterval);
                W32(s, 20, set.PollJitter);
                break;
            default:
                s[0] = set.Priority;
                if (current) s[1] = set.Resequencing;
                W32(s, 4, set.MaxSustainedRate);
                W32(s, 8, set.MaxBurst);
                W32(s, 12, set.MinReservedRate);
                W16(s, 16, set.MinPacketSize);
                W32(s, 20, set.MaxLatency);
                if (current) W32(s, 24, set.PeakRate);
                break;
        }
        if (!current) return;
        int masks = Size(type, layout) - Masks;
        W32(s, masks, set.RequiredMask);
        W32(s, masks + 4, set.ForbiddenMask);
        W32(s, masks + 8, set.AggregationMask);
    }

    /// <summary>RTP, MSTR, MTB, MRTR, AMRTRPS, MCB: 20 bytes that three types share.</summary>
    private static ParameterSet ReadRates(ReadOnlySpan<byte> s, bool current) => new()
    {
        RequestPolicy = U32(s, 0), MaxSustainedRate = U32(s, 4), MaxBurst = U32(s, 8), MinReservedRate = U32(s, 12),
        MinPacketSize = U16(s, 16), MaxConcatenatedBurst = current ? U16(s, 18) : (ushort)0,
    };

    private static void WriteRates(in ParameterSet set, Span<byte> s, bool current)
    {
        W32(s, 0, set.RequestPolicy);
        W32(s, 4, set.MaxSustainedRate);
        W32(s, 8, set.MaxBurst);
        W32(s, 12, set.MinReservedRate);
        W16(s, 16, set.MinPacketSize);
        if (current) W16(s, 18, set.MaxConcatenatedBurst);
    }

    private static ParameterSet ReadGrant(ReadOnlySpan<byte> s) => new()
    {
        RequestPolicy = U32(s, 0), GrantSize = U16(s, 4), GrantsPerInterval = s[6], GrantInterval = U32(s, 8), GrantJitter = U32(s, 12),
    };

    private static void WriteGrant(in ParameterSet set, Span<byte> s)
    {
        W32(s, 0, set.RequestPolicy);
        W16(s, 4, set.GrantSize);
        s[6] = set.GrantsPerInterval;
        W32(s, 8, set.GrantInterval);
        W32(s, 12, set.GrantJitter);
    }

    private static FlowSpec ReadFlowSpec(ReadOnlySpan<byte> s) => new(F32(s, 0), F32(s, 4), F32(s, 8), U32(s, 12), U32(s, 16), F32(s, 20), U32(s, 24));

    private static void WriteFlowSpec(in FlowSpec spec, Span<byte> s)
    {
        BinaryPrimitives.WriteSingleBigEndian(s, spec.BucketRate);
        BinaryPrimitives.WriteSingleBigEndian(s[4..], spec.BucketSize);
        BinaryPrimitives.WriteSingleBigEndian(s[8..], spec.PeakRate);
        W32(s, 12, spec.MinPacket);
        W32(s, 16, spec.MaxPacket);
        BinaryPrimitives.WriteSingleBigEndian(s[20..], spec.ReservedRate);
        W32(s, 24, spec.Slack);
    }

    private static float F32(ReadOnlySpan<byte> s, int at) => BinaryPrimitives.ReadSingleBigEndian(s[at..]);

    private static ushort U16(ReadOnlySpan<byte> s, int at) => BinaryPrimitives.ReadUInt16BigEndian(s[at..]);

    private static uint U32(ReadOnlySpan<byte> s, int at) => BinaryPrimitives.ReadUInt32BigEndian(s[at..]);

    private static void W16(Span<byte> s, int at, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(s[at..], value);

    private static void W32(Span<byte> s, int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(s[at..], value);
}
