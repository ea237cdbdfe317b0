namespace MediaRelay.Signaling.Incidents;

/// <summary>Where an incident stands in the operators' queue.</summary>
public enum IncidentState
{
    /// <summary>Nobody works it.</summary>
    Open,

    /// <summary>One operator works it.</summary>
    Claimed,

    /// <summary>Finished, with an outcome.</summary>
    Closed,
}
