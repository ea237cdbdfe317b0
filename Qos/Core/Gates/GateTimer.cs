namespace MediaRelay.Qos.Gates;

/// <summary>The timers of a gate (PCMM I05 section 6.1).</summary>
internal enum GateTimer
{
    /// <summary>Ends a gate that stays Authorized.</summary>
    T1,

    /// <summary>Ends a reservation, or shrinks it to what is committed.</summary>
    T2,

    /// <summary>Notices silence on a committed gate.</summary>
    T3,

    /// <summary>Ends a silent gate that nobody refreshes.</summary>
    T4,
}
