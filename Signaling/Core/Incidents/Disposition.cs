namespace MediaRelay.Signaling.Incidents;

/// <summary>How an incident ended; the level of ANSI/TMA AVS-01 follows from it and from the facts.</summary>
public enum Disposition
{
    /// <summary>Nothing was there.</summary>
    FalseAlarm,

    /// <summary>A person of the home caused it.</summary>
    UserError,

    /// <summary>Cancelled with the right code.</summary>
    Cancelled,

    /// <summary>Seen or heard to be real, handled without dispatch.</summary>
    Verified,

    /// <summary>Handed to police, fire or medical services.</summary>
    Dispatched,

    /// <summary>The account was on test.</summary>
    Test,
}
