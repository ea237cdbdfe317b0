using MediaRelay.Stun;

namespace MediaRelay.Turn.Client;

/// <summary>What a <see cref="TurnClient"/> asks its shell to do or tells its owner. Carried out in the order of the list.</summary>
public abstract record TurnClientCommand
{
    private TurnClientCommand() { }

    /// <summary>Send these bytes to the server: one datagram, or the bytes as they are on the stream.</summary>
    public sealed record Send(TransportAddress Server, ReadOnlyMemory<byte> Bytes) : TurnClientCommand;

    /// <summary>Send these bytes on the data connection of RFC 6062 that the shell opened for this id.</summary>
    public sealed record SendOnConnection(uint ConnectionId, ReadOnlyMemory<byte> Bytes) : TurnClientCommand;

    /// <summary>
    /// The server named another one (300). Over UDP the client goes on there by itself; over a stream the shell connects to
    /// the new server, checks the certificate against <paramref name="Domain"/> if given, and calls Start again.
    /// </summary>
    public sealed record Redirected(TransportAddress Server, string? Domain) : TurnClientCommand;

    /// <summary>The server asked for proof (401), and the next request carries it.</summary>
    public sealed record Challenged(string Realm, PasswordAlgorithm Algorithm, SecurityFeatures Features) : TurnClientCommand;

    /// <summary>The allocation exists. <paramref name="Relayed"/> has one address, or two of different families.</summary>
    public sealed record Allocated(IReadOnlyList<TransportAddress> Relayed, TransportAddress Mapped, TimeSpan Lifetime, ulong? ReservationToken) : TurnClientCommand;

    /// <summary>The other family of a dual allocation was not given.</summary>
    public sealed record FamilyRefused(IpFamily Family, StunErrorCode Code) : TurnClientCommand;

    public sealed record Refreshed(TimeSpan Lifetime) : TurnClientCommand;

    /// <summary>Data may go to and come from this IP address. Told once, not at each renewal.</summary>
    public sealed record PermissionInstalled(TransportAddress Peer) : TurnClientCommand;

    /// <summary>Data to this peer now travels in ChannelData. Told once, not at each renewal.</summary>
    public sealed record ChannelBound(TransportAddress Peer, ushort Channel) : TurnClientCommand;

    /// <summary>Connect succeeded, or a peer connected: open a connection to the server and call BindConnection.</summary>
    public sealed record ConnectionOffered(uint ConnectionId, TransportAddress Peer) : TurnClientCommand;

    /// <summary>The data connection carries the peer's bytes from now on, unframed.</summary>
    public sealed record ConnectionBound(uint ConnectionId) : TurnClientCommand;

    /// <summary>Answer of a Binding request.</summary>
    public sealed record BindingAnswered(TransportAddress Mapped) : TurnClientCommand;

    /// <summary>The relay met an ICMP error on the way to a peer.</summary>
    public sealed record IcmpReceived(TransportAddress Peer, IcmpError Error) : TurnClientCommand;

    /// <summary>The server wants an access token for this server name (RFC 7635).</summary>
    public sealed record TokenNeeded(string ServerName) : TurnClientCommand;

    /// <summary>
    /// A request failed. For Allocate and Refresh the client is Failed now; for the others only the peer or connection is
    /// lost. <paramref name="Code"/> is None unless the server gave one.
    /// </summary>
    public sealed record RequestFailed(StunMethod Method, TransportAddress Peer, TurnFailure Failure, StunErrorCode Code) : TurnClientCommand;

    /// <summary>The allocation is gone as asked; the shell may close its socket.</summary>
    public sealed record Closed : TurnClientCommand;
}
