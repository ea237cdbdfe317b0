namespace MediaRelay.Qos.Gates;

/// <summary>What an application manager tells the session that asked for a gate.</summary>
public enum GateEventKind
{
    /// <summary>The CMTS has set or modified the gate; <see cref="GateEvent.State"/> says how far.</summary>
    Set,

    /// <summary>The gate or its modification was refused; <see cref="GateEvent.Error"/> says why. A refused modification leaves the gate as it was.</summary>
    Refused,

    /// <summary>No answer by the request's deadline. The gate stays wanted and may still be set later.</summary>
    Unavailable,

    /// <summary>The CMTS reported a change that did not end the gate, for example reason 5: silence, refresh or release it.</summary>
    Reported,

    /// <summary>The gate ended by itself: a timer, preemption, a lost modem, a limit.</summary>
    Closed,

    /// <summary>The gate is gone after a restart of the CMTS; it is asked for again unless released.</summary>
    Lost,

    /// <summary>The gate is deleted as asked.</summary>
    Released,

    /// <summary>A gate of an earlier run lives; adopt its session or it is deleted.</summary>
    Recovered,
}
