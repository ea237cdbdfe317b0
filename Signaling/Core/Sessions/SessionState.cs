namespace MediaRelay.Signaling.Sessions;

/// <summary>Where a media session stands.</summary>
public enum SessionState
{
    /// <summary>The offer went to the gateway.</summary>
    Offered,

    /// <summary>The gateway answered; the answer waits for the gates (only with RequireGate).</summary>
    HeldForGate,

    /// <summary>The viewer has the answer; ICE and DTLS run.</summary>
    Connecting,

    /// <summary>Media flows.</summary>
    Connected,

    /// <summary>Over; the reason is kept.</summary>
    Ended,
}
