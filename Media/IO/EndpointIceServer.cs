using System.Net;
using System.Net.Sockets;
using MediaRelay.Media.Ice;
using MediaRelay.Stun;

namespace MediaRelay.Media.IO;

/// <summary>A STUN or TURN server of one session, as a browser's RTCIceServer names it.</summary>
/// <param name="Url">stun:, turn: or turns: URI (RFC 7064, RFC 7065).</param>
/// <param name="Username">TURN user name; null for STUN.</param>
/// <param name="Credential">TURN password; null for STUN.</param>
public sealed record EndpointIceServer(string Url, string? Username = null, string? Credential = null)
{
    /// <summary>Hides the password.</summary>
    public override string ToString() => Url;

    /// <summary>
    /// Looks the host up, IPv4 first, at most two addresses. Empty when the URL cannot be used here, the name is unknown, or a relay has no credentials.
    /// TURN over DTLS is not used: where UDP passes, ICE and SRTP protect the media already.
    /// </summary>
    internal async Task<IReadOnlyList<IceServer>> ResolveAsync(CancellationToken cancellation)
    {
        if (!StunUri.TryParse(Url, out var uri) || uri!.Transport == StunTransport.Dtls) return [];
        if (uri.IsTurn && (Username is null || Credential is null)) return [];
        var transport = uri.Transport switch { StunTransport.Tcp => RelayTransport.Tcp, StunTransport.Tls => RelayTransport.Tls, _ => RelayTransport.Udp };
        try
        {
            var addresses = IPAddress.TryParse(uri.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(uri.Host, cancellation);
            return
            [
                .. addresses.OrderBy(a => a.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).Take(2).Select(a => uri.IsTurn
                    ? new IceServer(TransportAddress.From(a, uri.Port), transport, Username, Credential, uri.Host)
                    : new IceServer(TransportAddress.From(a, uri.Port))),
            ];
        }
        catch (SocketException)
        {
            return [];
        }
    }
}
