using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cmts;

/// <summary>What the emulated CMTS is: modems, capacities, limits, and how it misbehaves.</summary>
public sealed record CmtsSettings
{
    /// <summary>Every address in these ranges is a modem.</summary>
    public IReadOnlyList<SubscriberPrefix> Modems { get; init; } = [];

    /// <summary>Ranges of addresses behind a modem; the first that contains an address counts.</summary>
    public IReadOnlyList<(SubscriberPrefix Range, SubscriberId Modem)> Cpes { get; init; } = [];

    /// <summary>Modems that only know DOCSIS 1.0 and so take no dynamic service (error 20).</summary>
    public IReadOnlyList<SubscriberPrefix> Docsis10Modems { get; init; } = [];

    /// <summary>Upstream capacity for reservations in bit/s.</summary>
    public double CapacityUp { get; init; } = 100e6;

    /// <summary>Downstream capacity for reservations in bit/s.</summary>
    public double CapacityDown { get; init; } = 1e9;

    public IReadOnlyList<ServiceClass> ServiceClasses { get; init; } = [];

    /// <summary>Upstream service flows of one modem (error 21).</summary>
    public int SidsPerModem { get; init; } = 16;

    /// <summary>Upstream service flows of all modems (error 22).</summary>
    public int SidsPerCmts { get; init; } = 1_000_000;

    /// <summary>Classifiers of one unicast gate (error 15).</summary>
    public int MaxClassifiers { get; init; } = 4;

    /// <summary>Gates of one session class priority (error 10); a priority that is not named has no limit.</summary>
    public IReadOnlyDictionary<int, int> SessionClassLimits { get; init; } = new Dictionary<int, int>();

    /// <summary>Time for one DSA, DSC or DSD exchange with a modem.</summary>
    public TimeSpan DsxDelay { get; init; }

    /// <summary>Share of exchanges that a modem does not answer, 0 to 1.</summary>
    public double DsxLoss { get; init; }

    /// <summary>Share of exchanges that a modem rejects, 0 to 1.</summary>
    public double DsxRejects { get; init; }

    /// <summary>Divides T1 to T4 and the counting of committed time multiplies by it; 1 is real time.</summary>
    public double TimeScale { get; init; } = 1;

    /// <summary>T1 of gates that do not say.</summary>
    public TimeSpan DefaultT1 { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether incremental synchronisation is supported; otherwise error 25.</summary>
    public bool SupportsIncrementalSynch { get; init; } = true;

    /// <summary>Unconfirmed reports that are kept for incremental synchronisation; beyond it state data is incomplete (error 26).</summary>
    public int MaxUnconfirmedReports { get; init; } = 10_000;

    /// <summary>Policy servers that may configure; empty = any (error 23).</summary>
    public IReadOnlyList<Psid> AllowedPsids { get; init; } = [];

    /// <summary>Gates beyond this multiple of a volume or time limit are closed (reasons 11, 12); 0 = never.</summary>
    public double EnforcedLimitFactor { get; init; }

    public bool SupportsUpstreamDrop { get; init; }

    public bool SupportsMulticast { get; init; }

    /// <summary>BPI+ is on: grants carry five bytes more.</summary>
    public bool Privacy { get; init; } = true;

    /// <summary>Segment headers (DOCSIS 3.0) are on: grants carry eight bytes more.</summary>
    public bool SegmentHeaders { get; init; }

    /// <summary>Commands in progress on one connection; beyond it the shell stops reading.</summary>
    public int MaxOutstanding { get; init; } = 1000;

    public CopsSettings Cops { get; init; } = new("cmts");
}
