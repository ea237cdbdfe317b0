using MediaRelay.Stun;

namespace MediaRelay.Tests.Support.Network;

/// <summary>A bound UDP port of a <see cref="VirtualHost"/>.</summary>
public sealed class VirtualSocket
{
    private readonly VirtualHost host;

    internal VirtualSocket(VirtualHost host, TransportAddress address)
    {
        this.host = host;
        Address = address;
    }

    /// <summary>The address and port it is bound to, as its host sees it.</summary>
    public TransportAddress Address { get; }

    /// <summary>Called for each datagram that arrives; the payload may be kept.</summary>
    public Action<VirtualDatagram>? Received { get; set; }

    /// <summary>Datagrams that arrived while <see cref="Received"/> was not set, oldest first.</summary>
    public Queue<VirtualDatagram> Inbox { get; } = new();

    /// <summary>Sends a copy of <paramref name="payload"/>.</summary>
    public void Send(TransportAddress to, ReadOnlySpan<byte> payload) => host.Network.Send(host, Address, to, payload.ToArray());

    /// <summary>Frees the port.</summary>
    public void Close() => host.Close(this);

    internal void Deliver(in VirtualDatagram datagram)
    {
        if (Received is { } handler) handler(datagram);
        else Inbox.Enqueue(datagram);
    }
}
