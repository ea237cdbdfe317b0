using System.Net;
using MediaRelay.Stun;

namespace MediaRelay.Tests.Support.Network;

/// <summary>
/// A NAT with one outer address. Mappings are made by outgoing datagrams, refreshed by traffic in both directions and dropped when
/// unused for <see cref="MappingLifetime"/>.
/// </summary>
public sealed class VirtualNat
{
    private readonly VirtualNetwork network;
    private readonly Dictionary<(TransportAddress Inner, TransportAddress Remote), Mapping> byInner = [];
    private readonly Dictionary<int, Mapping> byPort = [];
    private int nextPort = 20000;

    internal VirtualNat(VirtualNetwork network, NatKind kind, VirtualRealm outside, IPAddress outerAddress)
    {
        this.network = network;
        Kind = kind;
        Outside = outside;
        OuterAddress = outerAddress;
        Inside = new VirtualRealm(this);
        outside.Place(outerAddress, this);
    }

    /// <summary>The behaviour; may be changed while running, old mappings stay.</summary>
    public NatKind Kind { get; set; }

    /// <summary>The realm of the hosts behind this NAT.</summary>
    public VirtualRealm Inside { get; }

    /// <summary>The realm this NAT's outer address is in.</summary>
    public VirtualRealm Outside { get; }

    /// <summary>The address that the outside sees.</summary>
    public IPAddress OuterAddress { get; }

    /// <summary>Whether inner hosts may reach each other through the outer address.</summary>
    public bool Hairpin { get; set; }

    /// <summary>How long an unused mapping lives; default 2 minutes, the least RFC 4787 section 4.3 allows.</summary>
    public TimeSpan MappingLifetime { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Live mappings.</summary>
    public int Mappings => byPort.Values.Count(m => !IsExpired(m));

    /// <summary>Forgets every mapping, as a reboot does; new mappings get other ports.</summary>
    public void Reboot()
    {
        byInner.Clear();
        byPort.Clear();
        nextPort += 1000;
    }

    internal bool TryMapOutbound(TransportAddress inner, TransportAddress remote, out TransportAddress outer)
    {
        outer = default;
        if (Kind == NatKind.UdpBlocked) return false;
        var key = (inner, Kind == NatKind.Symmetric ? remote : default);
        if (!byInner.TryGetValue(key, out var mapping) || IsExpired(mapping))
        {
            if (mapping is not null) byPort.Remove(mapping.OuterPort);
            mapping = new Mapping(inner, nextPort++);
            byInner[key] = mapping;
            byPort[mapping.OuterPort] = mapping;
        }
        mapping.LastUse = network.Now;
        mapping.SentTo.Add(FilterKey(remote));
        outer = TransportAddress.From(OuterAddress, mapping.OuterPort);
        return true;
    }

    internal bool TryMapInbound(TransportAddress remote, int outerPort, out TransportAddress inner)
    {
        inner = default;
        if (Kind == NatKind.UdpBlocked || !byPort.TryGetValue(outerPort, out var mapping) || IsExpired(mapping)) return false;
        if (Kind != NatKind.EndpointIndependent && !mapping.SentTo.Contains(FilterKey(remote))) return false;
        mapping.LastUse = network.Now;
        inner = mapping.Inner;
        return true;
    }

    private bool IsExpired(Mapping mapping) => network.Now - mapping.LastUse > MappingLifetime;

    private TransportAddress FilterKey(TransportAddress remote) =>
        Kind == NatKind.AddressRestricted ? TransportAddress.From(remote.ToIPAddress(), 0) : remote;

    private sealed class Mapping(TransportAddress inner, int outerPort)
    {
        public TransportAddress Inner { get; } = inner;

        public int OuterPort { get; } = outerPort;

        public HashSet<TransportAddress> SentTo { get; } = [];

        public TimeSpan LastUse { get; set; }
    }
}
