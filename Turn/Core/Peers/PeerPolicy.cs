using MediaRelay.Stun;

namespace MediaRelay.Turn.Peers;

/// <summary>
/// What the operator configured about peers, and what the node knows about itself. Without rules only the public Internet is
/// reachable, minus ourselves.
/// </summary>
public sealed record PeerPolicy
{
    /// <summary>Exceptions, in any order; at most a few hundred.</summary>
    public IReadOnlyList<PeerRule> Rules { get; init; } = [];

    /// <summary>Every address of this node's interfaces and its advertised external addresses; ports are ignored.</summary>
    public IReadOnlyList<TransportAddress> OwnAddresses { get; init; } = [];

    /// <summary>Addresses of this node (and of cluster nodes) on which relay ports are opened; only those ports are reachable there.</summary>
    public IReadOnlyList<TransportAddress> RelayAddresses { get; init; } = [];

    /// <summary>Listener endpoints; refused even inside the relay port range, so that no datagram can loop through the server.</summary>
    public IReadOnlyList<TransportAddress> Listeners { get; init; } = [];

    /// <summary>Endpoints of the database, policy server, admin socket and the like; port 0 stands for all ports.</summary>
    public IReadOnlyList<TransportAddress> BackEnds { get; init; } = [];

    /// <summary>First relay port of the cluster.</summary>
    public ushort RelayPortMin { get; init; } = 49_152;

    /// <summary>Last relay port of the cluster.</summary>
    public ushort RelayPortMax { get; init; } = 65_535;

    /// <summary>NAT64 prefixes in use here (lengths 32, 40, 48, 56, 64 or 96); the IPv4 address inside passes the IPv4 table as well.</summary>
    public IReadOnlyList<PeerPrefix> Nat64Prefixes { get; init; } = [];

    /// <summary>Opens loopback for tests of the shell on one machine. No configuration key leads here.</summary>
    internal bool OpensLoopback { get; init; }
}
