namespace MediaRelay.Turn.Client;

/// <summary>Life of a <see cref="TurnClient"/>. Failed and Closed are final.</summary>
public enum TurnClientState
{
    /// <summary>Nothing was sent yet.</summary>
    Idle,

    /// <summary>An Allocate request is under way, including challenges and redirects over UDP.</summary>
    Allocating,

    /// <summary>The server asks for an access token (RFC 7635); call <see cref="TurnClient.SetToken"/>.</summary>
    WaitingForToken,

    /// <summary>Redirected over a stream: the shell connects to <see cref="TurnClient.Server"/> and calls Start again.</summary>
    Reconnecting,

    /// <summary>The relayed address may be used.</summary>
    Allocated,

    /// <summary>A Refresh with lifetime 0 is under way.</summary>
    Closing,
    Closed,
    Failed,
}
