namespace MediaRelay.Signaling.Gateways;

/// <summary>What is known about a gateway's connection.</summary>
public enum PresenceState
{
    /// <summary>Never heard since the server started.</summary>
    Unknown,

    /// <summary>Heard within the time agreed.</summary>
    Connected,

    /// <summary>Silent for too long, or its last connection broke and no other came.</summary>
    Suspect,

    /// <summary>Out of reach.</summary>
    Lost,
}
