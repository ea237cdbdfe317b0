using System.Net;
using MediaRelay.Stun;

namespace MediaRelay.Tests.Support.Network;

/// <summary>A machine with one or more addresses, each in one realm, with UDP sockets and stream listeners.</summary>
public sealed class VirtualHost
{
    private readonly Dictionary<IPAddress, VirtualRealm> addresses = [];
    private readonly Dictionary<TransportAddress, VirtualSocket> sockets = [];
    private readonly Dictionary<int, Action<VirtualStream>> listeners = [];
    private int nextPort = 40000;

    internal VirtualHost(VirtualNetwork network, string name)
    {
        Network = network;
        Name = name;
    }

    /// <summary>A name for messages.</summary>
    public string Name { get; }

    /// <summary>The network this host is on.</summary>
    public VirtualNetwork Network { get; }

    /// <summary>All addresses in the order they were added.</summary>
    public IReadOnlyCollection<IPAddress> Addresses => addresses.Keys;

    /// <summary>False pulls the cable: nothing leaves or arrives.</summary>
    public bool IsConnected { get; set; } = true;

    /// <summary>Conditions of this host's own link in place of the network's, for both directions.</summary>
    public LinkConditions? Link { get; set; }

    internal TimeSpan LinkFreeAt { get; set; }

    /// <summary>Adds an address; returns this host.</summary>
    public VirtualHost AddAddress(IPAddress address, VirtualRealm realm)
    {
        addresses.Add(address, realm);
        realm.Place(address, this);
        return this;
    }

    /// <summary>Takes an address away, as when an interface goes down; its sockets stay and are unreachable.</summary>
    public void RemoveAddress(IPAddress address)
    {
        if (addresses.Remove(address, out var realm)) realm.Remove(address);
    }

    /// <summary>Binds a UDP port; port 0 takes the next free one.</summary>
    public VirtualSocket Open(IPAddress address, int port = 0)
    {
        if (!addresses.ContainsKey(address)) throw new InvalidOperationException($"{Name} has no address {address}.");
        var local = TransportAddress.From(address, port);
        while (port == 0 || sockets.ContainsKey(local))
        {
            if (port != 0) throw new InvalidOperationException($"{local} is in use on {Name}.");
            local = TransportAddress.From(address, nextPort++);
            if (!sockets.ContainsKey(local)) break;
        }
        var socket = new VirtualSocket(this, local);
        sockets.Add(local, socket);
        return socket;
    }

    /// <summary>Binds a UDP port at the first address.</summary>
    public VirtualSocket Open(int port = 0) => Open(addresses.Keys.First(), port);

    /// <summary>Accepts streams at a port of every address.</summary>
    public void Listen(int port, Action<VirtualStream> accepted) => listeners[port] = accepted;

    /// <summary>Dials from the first address of the destination's family; set the handlers on the result before time moves.</summary>
    public VirtualStream Connect(TransportAddress to)
    {
        var family = to.ToIPAddress().AddressFamily;
        var address = addresses.Keys.First(a => a.AddressFamily == family);
        return Network.Connect(this, TransportAddress.From(address, nextPort++), to);
    }

    internal VirtualRealm? RealmOf(TransportAddress local) => addresses.GetValueOrDefault(local.ToIPAddress());

    internal VirtualSocket? SocketAt(TransportAddress local) => sockets.GetValueOrDefault(local);

    internal Action<VirtualStream>? ListenerAt(int port) => listeners.GetValueOrDefault(port);

    internal void Close(VirtualSocket socket) => sockets.Remove(socket.Address);
}
