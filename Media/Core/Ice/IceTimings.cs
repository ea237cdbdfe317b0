namespace MediaRelay.Media.Ice;

/// <summary>Times of the agent. The defaults follow the RFCs except where a sentence says otherwise.</summary>
public sealed record IceTimings
{
    /// <summary>Ta, the least time between two new ordinary checks (RFC 8445 section 14.2). Triggered checks do not wait for it.</summary>
    public TimeSpan Pace { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Least time between two new gathering transactions; 5 ms is the smallest RFC 8445 section 14.2 allows.</summary>
    public TimeSpan GatherPace { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// Least first retransmission time of checks and gathering. Unlike RFC 8445 section 14.3 (500 ms, and Ta times the running checks) it is
    /// 100 ms and half of Ta times the running checks, because the time to the first usable pair under loss depends on it.
    /// </summary>
    public TimeSpan Retransmission { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a direct valid pair waits for a better one before it is nominated.</summary>
    public TimeSpan NominationWindow { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The same for a relayed valid pair. Data flows over it meanwhile.</summary>
    public TimeSpan RelayNominationWindow { get; init; } = TimeSpan.FromMilliseconds(1000);

    /// <summary>A TURN server over TCP or TLS is dialled when no relayed candidate came over UDP within this time.</summary>
    public TimeSpan StreamRelayDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Gathering ends at the latest after this time.</summary>
    public TimeSpan GatherLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Mean interval of consent checks; each one is drawn from 0.8 to 1.2 times this (RFC 7675 section 5.1).</summary>
    public TimeSpan ConsentInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Consent ends this long after the last valid answer (RFC 7675 section 5.1).</summary>
    public TimeSpan ConsentExpiry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The state is <see cref="IceState.Disconnected"/> this long after the last valid answer.</summary>
    public TimeSpan DisconnectedAfter { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Tr, keep-alives of lite agents and of reflexive mappings (RFC 8445 section 11).</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The agent does not fail earlier than this after checks could start (RFC 8863 section 4).</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(39.5);

    /// <summary>Relayed addresses that the selected pair does not use are given back this long after nomination.</summary>
    public TimeSpan ReleaseDelay { get; init; } = TimeSpan.FromSeconds(3);
}
