namespace MediaRelay.Media.Ice;

/// <summary>
/// One base and one remote candidate with the state of their checks. The pair of the check list and the valid pair of RFC 8445
/// section 7.2.5.3.2 are one object here: a success only fills in <see cref="LocalCandidate"/>.
/// <code><![CDATA[
/// Frozen -> Waiting -> InProgress -> Succeeded
///              ^            |            |
///              +- triggered +-> Failed <-+ (nomination or consent lost)
/// ]]></code>
/// </summary>
internal sealed class CandidatePair(Generation generation, LocalBase @base, RemoteCandidate remote)
{
    public Generation Generation { get; } = generation;

    public LocalBase Base { get; } = @base;

    public RemoteCandidate Remote { get; } = remote;

    public PairState State { get; set; } = PairState.Frozen;

    /// <summary>Priority for ordering checks; depends on the role.</summary>
    public ulong Priority { get; set; }

    /// <summary>Local and remote foundation joined.</summary>
    public string Foundation { get; } = $"{@base.Candidate.Foundation}:{remote.Candidate.Foundation}";

    /// <summary>The local candidate whose address the peer saw; the base's own before the first success.</summary>
    public Candidate LocalCandidate { get; set; } = @base.Candidate;

    /// <summary>A check from here was answered with integrity (or, for a lite agent, a nominating check came in).</summary>
    public bool IsValid { get; set; }

    public bool IsNominated { get; set; }

    /// <summary>The controlling peer asked for this pair before our own check was answered.</summary>
    public bool NominateOnSuccess { get; set; }

    /// <summary>Something with integrity came from this address: its data is let through.</summary>
    public bool IsProven { get; set; }

    /// <summary>The running check, null when none runs.</summary>
    public CheckTransaction? Check { get; set; }

    public TimeSpan? RoundTrip { get; set; }

    /// <summary>When the pair became valid.</summary>
    public TimeSpan ValidSince { get; set; }

    /// <summary>When consent was last given.</summary>
    public TimeSpan ConsentAt { get; set; }

    /// <summary>When the next consent request or keep-alive leaves.</summary>
    public TimeSpan NextConsent { get; set; }

    /// <summary>When data or a check last came in.</summary>
    public TimeSpan LastReceived { get; set; }

    /// <summary>True when either end is a relayed address.</summary>
    public bool IsRelayed => Base.IsRelayed || Remote.IsRelayed;

    public bool IsPending => State is PairState.Frozen or PairState.Waiting or PairState.InProgress;

    /// <summary>Priority among valid pairs, by the local candidate that the peer really sees.</summary>
    public ulong ValidPriority(IceRole role) => role == IceRole.Controlling
        ? IcePriority.OfPair(LocalCandidate.Priority, Remote.Candidate.Priority)
        : IcePriority.OfPair(Remote.Candidate.Priority, LocalCandidate.Priority);

    public void Recompute(IceRole role) => Priority = role == IceRole.Controlling
        ? IcePriority.OfPair(Base.Candidate.Priority, Remote.Candidate.Priority)
        : IcePriority.OfPair(Remote.Candidate.Priority, Base.Candidate.Priority);

    public CandidatePairSnapshot ToSnapshot() =>
        new(LocalCandidate, Remote.Candidate, Base.CarrierSocketId, State, Priority, IsNominated, RoundTrip, Base.Relay?.Server ?? default);
}
