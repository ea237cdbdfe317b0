namespace MediaRelay.Media.Ice;

/// <summary>State of the agent, named as the W3C's RTCIceConnectionState.</summary>
public enum IceState
{
    /// <summary>The peer's credentials are not known yet.</summary>
    New,

    /// <summary>Checks run and no pair is usable.</summary>
    Checking,

    /// <summary>A valid pair carries data; a better one may still be nominated.</summary>
    Connected,

    /// <summary>A pair is nominated and carries data.</summary>
    Completed,

    /// <summary>Consent answers are missing; data still flows until consent expires.</summary>
    Disconnected,

    /// <summary>No pair works, or consent is lost. Only a restart helps.</summary>
    Failed,

    /// <summary>Closed by its owner.</summary>
    Closed,
}
