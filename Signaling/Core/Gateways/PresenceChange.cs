namespace MediaRelay.Signaling.Gateways;

/// <summary>A change of a gateway's presence.</summary>
/// <param name="From">The state before.</param>
/// <param name="To">The state now.</param>
/// <param name="Since">When the gateway was last heard.</param>
/// <param name="Reason">One sentence for people.</param>
public readonly record struct PresenceChange(PresenceState From, PresenceState To, TimeSpan Since, string Reason);
