using MediaRelay.Stun;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>What a shard is told when it is made.</summary>
internal sealed class ShardSettings
{
    public required int Index { get; init; }

    public required IReadOnlyList<RelayListener> Listeners { get; init; }

    /// <summary>This shard's UDP sockets: listener index, socket, and whether it is the one for media.</summary>
    public required IReadOnlyList<(ushort Listener, int Descriptor, bool IsMedia)> Sockets { get; init; }

    public required IReadOnlyList<RelayAddress> RelayAddresses { get; init; }

    public required int RelayBuffer { get; init; }

    public required DatagramMechanism Mechanism { get; init; }

    /// <summary>Makes the engine; called on the shard's thread.</summary>
    public required Func<RelayEngine> CreateEngine { get; init; }
}
