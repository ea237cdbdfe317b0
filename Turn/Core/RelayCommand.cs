using MediaRelay.Stun;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn;

/// <summary>One order or fact for the shell, in the order in which it must be carried out. <see cref="Kind"/> tells which fields count.</summary>
public readonly record struct RelayCommand
{
    public RelayCommandKind Kind { get; init; }

    /// <summary>The socket is TCP (RFC 6062).</summary>
    public bool IsTcp { get; init; }

    public AllocationEnd Cause { get; init; }

    public ushort Channel { get; init; }

    public RelayPort Port { get; init; }

    /// <summary>The TCP connection to a peer, unique on the node while it lives.</summary>
    public uint ConnectionId { get; init; }

    public FiveTuple Client { get; init; }

    public TransportAddress Peer { get; init; }

    /// <summary>Payload bytes relayed in the allocation's life; only for AllocationGone.</summary>
    public long BytesToPeer { get; init; }

    /// <inheritdoc cref="BytesToPeer"/>
    public long BytesToClient { get; init; }

    /// <summary>The user's name in UTF-8, as the client sent it; escape it in logs.</summary>
    public ReadOnlyMemory<byte> UserName { get; init; }
}
