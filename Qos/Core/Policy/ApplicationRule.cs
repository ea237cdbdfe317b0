using System.Text.Json.Serialization;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <summary>An application that the policy server serves; without any rule all are served.</summary>
public sealed record ApplicationRule
{
    /// <summary>Application manager tag; null = any.</summary>
    public ushort? Tag { get; init; }

    /// <summary>Application type; null = any.</summary>
    public ushort? Type { get; init; }

    /// <summary>Addresses that its application managers connect from, such as 192.0.2.10 or 192.0.2.0/28; from elsewhere it is not served. Null = any.</summary>
    public IReadOnlyList<string>? Peers { get; init; }

    /// <summary>Highest rate of one gate in bit/s.</summary>
    [JsonConverter(typeof(BitRateConverter))]
    public double? MaxRate { get; init; }

    /// <summary>Highest session class priority, 0 to 7.</summary>
    public int? MaxPriority { get; init; }

    /// <summary>Whether its gates may preempt others.</summary>
    public bool MayPreempt { get; init; } = true;

    /// <summary>Start of the daily window in local time; both ends or none. A window may span midnight.</summary>
    public TimeOnly? From { get; init; }

    public TimeOnly? To { get; init; }

    /// <summary><see cref="Peers"/> as ranges, made when the rules are read.</summary>
    internal IReadOnlyList<SubscriberPrefix> PeerRanges { get; init; } = [];

    internal bool Serves(string peer) => Peers is null || (SubscriberId.TryParse(peer, out SubscriberId address) && PeerRanges.Any(r => r.Contains(address)));

    internal bool Means(ushort type, ushort tag) => (Type is null || Type == type) && (Tag is null || Tag == tag);

    internal bool IsOpenAt(TimeOnly time) => From is not { } from || To is not { } to || (from <= to ? time >= from && time < to : time >= from || time < to);
}
