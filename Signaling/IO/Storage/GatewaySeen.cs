using MediaRelay.Signaling.Gateways;
namespace MediaRelay.Signaling.IO.Storage;

/// <summary>When a gateway was last heard and what it was then.</summary>
/// <param name="Gateway">The gateway.</param>
/// <param name="Presence">Its state.</param>
/// <param name="At">When it was last heard.</param>
public readonly record struct GatewaySeen(string Gateway, PresenceState Presence, DateTimeOffset At);
