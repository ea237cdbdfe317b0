namespace MediaRelay.Qos.Cops;

/// <summary>What the next received bytes meant to the owner of a connection.</summary>
internal enum CopsInput
{
    /// <summary>No whole message is left in the input.</summary>
    None,

    /// <summary>The request with the handle passed: gate control may begin.</summary>
    Opened,

    /// <summary>A decision (at the enforcement point) or a report (at the decision point) is ready.</summary>
    Message,

    /// <summary>The session has ended; what is still queued may be sent, then the transport is closed. Reported once.</summary>
    Closed,
}
