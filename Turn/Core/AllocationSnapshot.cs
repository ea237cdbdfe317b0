using MediaRelay.Stun;

namespace MediaRelay.Turn;

/// <summary>One allocation as admin pages show it; made on demand, so it may allocate.</summary>
public sealed record AllocationSnapshot
{
    public required long Id { get; init; }
    public required FiveTuple Client { get; init; }
    public required ClientTransport Transport { get; init; }

    /// <summary>The user name as sent by the client; escape it before printing.</summary>
    public required string UserName { get; init; }

    public required IReadOnlyList<TransportAddress> RelayedAddresses { get; init; }

    /// <summary>Age of the allocation.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Time until it expires unless refreshed.</summary>
    public required TimeSpan ExpiresIn { get; init; }

    public required bool IsTcp { get; init; }
    public required long BytesToPeer { get; init; }
    public required long PacketsToPeer { get; init; }
    public required long BytesToClient { get; init; }
    public required long PacketsToClient { get; init; }

    /// <summary>Addresses with a permission; the port is that of the bound channel, 0 without one.</summary>
    public required IReadOnlyList<TransportAddress> Peers { get; init; }
}
