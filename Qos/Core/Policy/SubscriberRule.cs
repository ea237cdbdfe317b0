using System.Text.Json.Serialization;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <summary>Limits of the subscribers in a range; the first rule that contains a subscriber counts before the general limits.</summary>
public sealed record SubscriberRule
{
    /// <summary>Range of addresses, such as 10.1.2.0/24.</summary>
    public string Range { get; init; } = "";

    public bool Deny { get; init; }

    public int? MaxGates { get; init; }

    public int? NewGatesPerMinute { get; init; }

    [JsonConverter(typeof(BitRateConverter))]
    public double? MaxRateUp { get; init; }

    [JsonConverter(typeof(BitRateConverter))]
    public double? MaxRateDown { get; init; }

    /// <summary>Profile types that may be asked for; null = all.</summary>
    public IReadOnlyList<TrafficProfileType>? ProfileTypes { get; init; }

    internal SubscriberPrefix Prefix { get; init; }
}
