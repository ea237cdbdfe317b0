namespace MediaRelay.Signaling.Sessions;

/// <summary>The path that media takes, as the gateway's ICE agent selected it.</summary>
/// <param name="FarEndpoint">Address and port at the other end: the relay's address that the gateway sends to, or the viewer's.</param>
/// <param name="NearEndpoint">The gateway's own address and port as the operator's network sees it, when known.</param>
/// <param name="IsRelayed">True when the gateway's packets go through its TURN allocation.</param>
/// <param name="IsTcp">True when they travel to the relay in a TCP or TLS connection, because the home's network lets no UDP out.</param>
public readonly record struct SelectedPath(string FarEndpoint, string? NearEndpoint, bool IsRelayed, bool IsTcp = false);
