using MediaRelay.Stun;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn;

/// <summary>
/// Where one datagram goes, by value: send <see cref="Length"/> bytes from <see cref="Offset"/> of the buffer that was passed in.
/// From a client: out of <see cref="Port"/> to <see cref="Destination"/>. From a peer: to <see cref="Client"/>.
/// </summary>
public readonly struct Forward
{
    /// <summary>First byte to send, counted from the start of the passed span.</summary>
    public int Offset { get; init; }

    /// <summary>Bytes to send; 0 is a valid, empty datagram.</summary>
    public int Length { get; init; }

    /// <summary>The relay port to send from; only for datagrams from clients.</summary>
    public RelayPort Port { get; init; }

    /// <summary>Type of service or traffic class octet for the outgoing packet: DSCP copied, ECN copied over UDP and 0 from streams.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>The Send indication asked for the DF bit (RFC 8656 section 14; never set between IP families).</summary>
    public bool DontFragment { get; init; }

    /// <summary>The peer, or the client's address for datagrams from peers.</summary>
    public TransportAddress Destination { get; init; }

    /// <summary>The client's listener; only for datagrams from peers.</summary>
    public ushort Listener { get; init; }

    /// <summary>The client's connection, 0 for UDP; only for datagrams from peers.</summary>
    public int Connection { get; init; }

    /// <summary>The path to the client; only for datagrams from peers.</summary>
    public FiveTuple Client => new(Destination, Listener, Connection);
}
