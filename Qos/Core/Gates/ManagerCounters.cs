namespace MediaRelay.Qos.Gates;

/// <summary>Plain numbers of an application manager since its start; written by its owner, read by metrics.</summary>
public sealed class ManagerCounters
{
    public long GateSets { get; internal set; }

    public long GateDeletes { get; internal set; }

    public long Acknowledged { get; internal set; }

    public long Refused { get; internal set; }

    /// <summary>Requests without an answer by their deadline.</summary>
    public long Unavailable { get; internal set; }

    /// <summary>Commands without an answer in time.</summary>
    public long TimedOut { get; internal set; }

    public long Reports { get; internal set; }

    public long Lost { get; internal set; }

    public long OrphansDeleted { get; internal set; }

    public long Connections { get; internal set; }

    public long Synchronisations { get; internal set; }

    public long SynchFailures { get; internal set; }
}
