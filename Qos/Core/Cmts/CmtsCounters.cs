namespace MediaRelay.Qos.Cmts;

/// <summary>Plain numbers of a CMTS since its start.</summary>
public sealed class CmtsCounters
{
    public long GateSets { get; internal set; }

    public long GateDeletes { get; internal set; }

    public long Refused { get; internal set; }

    public long Reports { get; internal set; }

    /// <summary>Reports for which no connection was found.</summary>
    public long ReportsDropped { get; internal set; }

    public long Preempted { get; internal set; }

    /// <summary>Dynamic service exchanges by kind, retries and failures.</summary>
    public long DsaExchanges { get; internal set; }

    public long DscExchanges { get; internal set; }

    public long DsdExchanges { get; internal set; }

    public long DsxRetries { get; internal set; }

    public long DsxFailures { get; internal set; }

    public long BadFrames { get; internal set; }

    public long Synchronisations { get; internal set; }
}
