namespace MediaRelay.Signaling.Sessions;

/// <summary>What the gates of a session are computed from; the flow planner turns it into gate requests.</summary>
/// <param name="Session">The session; it becomes the gates' application reference.</param>
/// <param name="Offer">The viewer's offer.</param>
/// <param name="Answer">The gateway's answer, or null while it is not there yet.</param>
/// <param name="GatewayAddress">The gateway as the operator's network knows it.</param>
/// <param name="FarEndpoint">Address and port at the other end of the access network's flow: the relay, or the viewer on a direct path.</param>
/// <param name="NearEndpoint">The gateway's own public address and port on that flow when known, else null.</param>
/// <param name="ThroughRelay">True when each packet carries a TURN channel header.</param>
/// <param name="IsAlarm">True when a higher session class may be asked for.</param>
public sealed record GateDemand(string Session, string Offer, string? Answer, string GatewayAddress, string FarEndpoint, string? NearEndpoint, bool ThroughRelay, bool IsAlarm)
{
    /// <summary>True when the flow is a TCP connection to the relay.</summary>
    public bool IsTcp { get; init; }

    /// <summary>False to have the gates authorized only: nothing is reserved before media has found its path.</summary>
    public bool IsCommitted { get; init; } = true;
}
