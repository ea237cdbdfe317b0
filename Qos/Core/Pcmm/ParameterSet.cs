namespace MediaRelay.Qos.Pcmm;

/// <summary>
/// One envelope's parameters for every profile type; a type uses its own fields and leaves the rest zero (PCMM I05 section 6.4.2.7).
/// Rates are bit/s, sizes bytes, intervals, jitter and latency microseconds.
/// </summary>
public readonly record struct ParameterSet
{
    /// <summary>Only in profiles of type FlowSpec.</summary>
    public FlowSpec FlowSpec { get; init; }

    /// <summary>Traffic priority 0 to 7.</summary>
    public byte Priority { get; init; }

    /// <summary>Downstream resequencing, 0 or 1.</summary>
    public byte Resequencing { get; init; }

    /// <summary>Request and transmission policy bits.</summary>
    public uint RequestPolicy { get; init; }

    /// <summary>Maximum sustained rate; 0 = no limit.</summary>
    public uint MaxSustainedRate { get; init; }

    /// <summary>Maximum traffic burst.</summary>
    public uint MaxBurst { get; init; }

    /// <summary>Minimum reserved rate.</summary>
    public uint MinReservedRate { get; init; }

    /// <summary>Assumed minimum packet size of the reserved rate; 0 = the CMTS's default.</summary>
    public ushort MinPacketSize { get; init; }

    /// <summary>Maximum concatenated burst; 0 = unlimited.</summary>
    public ushort MaxConcatenatedBurst { get; init; }

    /// <summary>Nominal polling interval.</summary>
    public uint PollingInterval { get; init; }

    /// <summary>Tolerated poll jitter; 0 = the CMTS's default.</summary>
    public uint PollJitter { get; init; }

    /// <summary>Unsolicited grant size.</summary>
    public ushort GrantSize { get; init; }

    public byte GrantsPerInterval { get; init; }

    /// <summary>Nominal grant interval.</summary>
    public uint GrantInterval { get; init; }

    /// <summary>Tolerated grant jitter.</summary>
    public uint GrantJitter { get; init; }

    /// <summary>Maximum downstream latency; 0 = none.</summary>
    public uint MaxLatency { get; init; }

    /// <summary>Downstream peak rate; 0 = not signalled.</summary>
    public uint PeakRate { get; init; }

    /// <summary>DOCSIS 3.0 required attribute mask.</summary>
    public uint RequiredMask { get; init; }

    public uint ForbiddenMask { get; init; }

    public uint AggregationMask { get; init; }
}
