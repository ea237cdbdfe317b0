using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>Where a gate stands with the application manager.</summary>
internal enum ManagedPhase
{
    /// <summary>Asked for, nothing sent, or to be sent again.</summary>
    Wanted,

    /// <summary>Gate-Set sent. With <see cref="ManagedGate.IsUnsure"/> its answer will not come and only synchronisation can tell.</summary>
    Setting,

    /// <summary>The CMTS has the gate.</summary>
    Active,

    /// <summary>Gate-Delete is due or sent.</summary>
    Deleting,
}

/// <summary>The application manager's record of one gate.</summary>
internal sealed class ManagedGate(GateHandle handle, string session, GateRequest request) : IDeadline
{
    public GateHandle Handle { get; } = handle;

    public string Session { get; } = session;

    /// <summary>What the session wants now.</summary>
    public GateRequest Request { get; set; } = request;

    /// <summary>What the last Gate-Set on its way asks for.</summary>
    public GateRequest? Sent { get; set; }

    /// <summary>What the CMTS has acknowledged.</summary>
    public GateRequest? Confirmed { get; set; }

    /// <summary>The last journal entry.</summary>
    public GateJournalEntry? Entry { get; set; }

    public ManagedPhase Phase { get; set; }

    public bool IsUnsure { get; set; }

    /// <summary>The session has let go; whatever comes, the gate must not stay.</summary>
    public bool IsReleased { get; set; }

    public bool IsQueued { get; set; }

    public GateId Id { get; set; }

    /// <summary>The number it had before it was lost; a late report about that one says nothing about the gate now asked for.</summary>
    public GateId FormerId { get; set; }

    public GateState State { get; set; } = GateState.Closed;

    /// <summary>Number of the last synchronisation in which the gate was seen alive.</summary>
    public int SeenIn { get; set; }

    public TimeSpan? FirstCommitted { get; set; }

    /// <summary>By when the session is told something.</summary>
    public TimeSpan? OutcomeAt { get; set; }

    public TimeSpan? TimeLimitAt { get; set; }

    /// <summary>When a recovered gate that nobody adopted is deleted.</summary>
    public TimeSpan? OrphanAt { get; set; }

    /// <summary>When a command that failed for the transport is tried again.</summary>
    public TimeSpan? RetryAt { get; set; }

    TimeSpan IDeadline.Deadline { get; set; }

    int IDeadline.HeapPlace { get; set; }

    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan? next = OutcomeAt;
            if (TimeLimitAt < next || next is null) next = TimeLimitAt ?? next;
            if (OrphanAt < next || next is null) next = OrphanAt ?? next;
            if (RetryAt < next || next is null) next = RetryAt ?? next;
            return next;
        }
    }
}
