using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>A STUN server, or a TURN server when <see cref="Username"/> is set. Names are resolved by the shell before.</summary>
/// <param name="Address">Address and port.</param>
/// <param name="Transport">Transport towards a TURN server; STUN servers are asked over UDP only.</param>
/// <param name="Username">TURN user name, for example <c>expiry:subject:scope</c>; null makes this a STUN server.</param>
/// <param name="Password">TURN password.</param>
/// <param name="ServerName">Name to expect in the certificate for <see cref="RelayTransport.Tls"/>.</param>
public sealed record IceServer(
    TransportAddress Address,
    RelayTransport Transport = RelayTransport.Udp,
    string? Username = null,
    string? Password = null,
    string? ServerName = null)
{
    /// <summary>True when the server relays.</summary>
    public bool IsRelay => Username is not null;

    /// <summary>Hides the password.</summary>
    public override string ToString() => $"{(IsRelay ? "turn" : "stun")}:{Address}/{Transport}";
}
