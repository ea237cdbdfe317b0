namespace MediaRelay.Signaling.Contract;

/// <summary>A STUN or TURN server for a media session, with a credential that expires by itself.</summary>
/// <param name="Url">A <c>stun:</c>, <c>turn:</c> or <c>turns:</c> URI (RFC 7065).</param>
/// <param name="Username">The timed user name.</param>
/// <param name="Credential">Its password.</param>
public sealed record MediaRelayAddress(string Url, string? Username, string? Credential);
