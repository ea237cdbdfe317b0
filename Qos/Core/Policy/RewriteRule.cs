using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <summary>What the policy server changes in a GateSpec on the way to the CMTS: session class, DSCP and timers, nothing else.</summary>
public sealed record RewriteRule
{
    /// <summary>Priorities above are lowered to this, 0 to 7.</summary>
    public int? MaxPriority { get; init; }

    /// <summary>Takes the right to preempt away.</summary>
    public bool ForbidPreemption { get; init; }

    /// <summary>DSCP, 0 to 63, that the CMTS writes into the packets.</summary>
    public byte? Dscp { get; init; }

    /// <summary>Seconds.</summary>
    public ushort? T1 { get; init; }

    public ushort? T2 { get; init; }

    public ushort? T3 { get; init; }

    public ushort? T4 { get; init; }

    internal GateSpec Apply(in GateSpec spec)
    {
        int priority = Math.Min(spec.SessionClass.Priority, MaxPriority ?? 7);
        int preempt = ForbidPreemption ? 0 : spec.SessionClass.Value & 8;
        return spec with
        {
            SessionClass = new SessionClass((byte)((spec.SessionClass.Value & 0xF0) | preempt | priority)),
            OverwritesDscp = Dscp is not null || spec.OverwritesDscp,
            Tos = Dscp is { } dscp ? (byte)(dscp << 2) : spec.Tos,
            TosMask = Dscp is not null ? (byte)0xFC : spec.TosMask,
            T1 = T1 ?? spec.T1, T2 = T2 ?? spec.T2, T3 = T3 ?? spec.T3, T4 = T4 ?? spec.T4,
        };
    }
}
