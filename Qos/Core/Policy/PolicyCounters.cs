namespace MediaRelay.Qos.Policy;

/// <summary>Plain numbers of a policy server since its start.</summary>
public sealed class PolicyCounters
{
    public long Forwarded { get; internal set; }

    public long Answered { get; internal set; }

    /// <summary>Commands that this server refused itself.</summary>
    public long Refused { get; internal set; }

    /// <summary>Commands that a CMTS did not answer in time.</summary>
    public long TimedOut { get; internal set; }

    public long Reports { get; internal set; }

    /// <summary>Reports and answers for which no application manager was connected.</summary>
    public long Dropped { get; internal set; }

    public long OwnDeletes { get; internal set; }

    public long Divergences { get; internal set; }

    public long Synchronisations { get; internal set; }
}
