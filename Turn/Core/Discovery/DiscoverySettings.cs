using MediaRelay.Stun;

namespace MediaRelay.Turn.Discovery;

/// <summary>The two addresses and two ports of a discovery listener, as clients see them.</summary>
/// <param name="Primary">Address 1 with port 1.</param>
/// <param name="Alternate">Address 2 with port 2, of the same family; default = there is no second address.</param>
/// <param name="Transport">UDP, or TCP and TLS, where only the mapping can be asked for.</param>
public sealed record DiscoverySettings(TransportAddress Primary, TransportAddress Alternate = default, ClientTransport Transport = ClientTransport.Udp)
{
    /// <summary>Largest PADDING in an answer, in bytes; never more than the request's own.</summary>
    public int MaxPadding { get; init; } = 1500;

    /// <summary>Answers per second to one source (IPv4 address or IPv6 /56).</summary>
    public int AnswersPerSource { get; init; } = 20;

    /// <summary>Answers per second of the listener.</summary>
    public int AnswersTotal { get; init; } = 2_000;

    internal bool HasAlternate => !Alternate.IsNone;

    internal TransportAddress AddressOf(DiscoverySocket socket) => socket switch
    {
        DiscoverySocket.PrimaryAlternate => Primary.WithPort(Alternate.Port),
        DiscoverySocket.AlternatePrimary => Alternate.WithPort(Primary.Port),
        DiscoverySocket.AlternateAlternate => Alternate,
        _ => Primary,
    };
}
