namespace MediaRelay.Signaling.Incidents;

/// <summary>What an entry of an incident is about.</summary>
public enum IncidentEntryKind
{
    /// <summary>An alarm was raised, restored or cancelled.</summary>
    Alarm,

    /// <summary>Another event of the home.</summary>
    Event,

    /// <summary>Somebody looked in or spoke.</summary>
    LookIn,

    /// <summary>A QoS gate of a look-in changed.</summary>
    Gate,

    /// <summary>A report went to a person or a station.</summary>
    Delivery,

    /// <summary>A person or a station confirmed a report.</summary>
    Receipt,

    /// <summary>A note of the operator.</summary>
    Note,

    /// <summary>A call to the call list.</summary>
    Call,

    /// <summary>A clip or still was stored.</summary>
    Clip,

    /// <summary>Claimed, released, extended or closed.</summary>
    Status,
}
