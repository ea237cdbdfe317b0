using MediaRelay.Stun;
using MediaRelay.Turn.Limits;

namespace MediaRelay.Turn;

/// <summary>What an engine is told once, when it is made. What may change later is in <see cref="RelayLimits"/>, <see cref="Access.RelayCredentials"/> and <see cref="Peers.PeerFilter"/>.</summary>
public sealed record RelaySettings
{
    /// <summary>Listeners of the node in the same order for all shards.</summary>
    public required IReadOnlyList<RelayListener> Listeners { get; init; }

    /// <summary>Relay addresses, at most 256; of each family the one with most free ports is used.</summary>
    public required IReadOnlyList<RelayAddress> RelayAddresses { get; init; }

    /// <summary>This shard's number, 0 to 254; it is part of reservation tokens, mobility tickets and connection ids.</summary>
    public byte Shard { get; init; }

    /// <summary>Key for nonces and mobility tickets, 32 bytes; shared by a cluster or random per node.</summary>
    public required ReadOnlyMemory<byte> NonceKey { get; init; }

    /// <summary>Counts of the node shared by its shards; null when there is one shard.</summary>
    public QuotaCounts? Quotas { get; init; }

    /// <summary>Budgets of the node for answers to strangers, shared by its shards; null when there is one shard. New limits do not change shared ones.</summary>
    public AnswerBudgets? Budgets { get; init; }

    /// <summary>The shell can set the DF bit; otherwise DONT-FRAGMENT is an unknown attribute (RFC 8656 section 7.2).</summary>
    public bool SupportsDontFragment { get; init; } = true;

    /// <summary>RFC 6062 TCP allocations; off by default.</summary>
    public bool AllowsTcpRelay { get; init; }

    /// <summary>UDP allocations; off only on a node that relays TCP alone.</summary>
    public bool AllowsUdpRelay { get; init; } = true;

    /// <summary>Accept channel numbers 0x5000 to 0x7FFF as RFC 5766 had them; off by default, since RFC 8656 section 12 reserves them. coturn's clients use them.</summary>
    public bool AllowsOldChannelNumbers { get; init; }

    /// <summary>RFC 8016 mobility; off by default.</summary>
    public bool AllowsMobility { get; init; }
}
