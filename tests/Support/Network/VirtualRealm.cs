using System.Net;
using MediaRelay.Stun;

namespace MediaRelay.Tests.Support.Network;

/// <summary>One address space: the public Internet, or the inside of one NAT.</summary>
public sealed class VirtualRealm
{
    private readonly Dictionary<IPAddress, VirtualHost> hosts = [];
    private readonly Dictionary<IPAddress, VirtualNat> nats = [];

    internal VirtualRealm(VirtualNat? gateway) => Gateway = gateway;

    /// <summary>The NAT that leads out of this realm; null for the public one.</summary>
    public VirtualNat? Gateway { get; }

    internal void Place(IPAddress address, VirtualHost host) => hosts.Add(address, host);

    internal void Remove(IPAddress address) => hosts.Remove(address);

    internal void Place(IPAddress address, VirtualNat nat) => nats.Add(address, nat);

    internal VirtualHost? HostAt(IPAddress address) => hosts.GetValueOrDefault(address);

    internal VirtualNat? NatAt(IPAddress address) => nats.GetValueOrDefault(address);

    internal bool IsLocal(TransportAddress address) => hosts.ContainsKey(address.ToIPAddress());
}
