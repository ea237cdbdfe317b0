using System.Text.Json.Serialization;

namespace MediaRelay.Qos.Policy;

/// <summary>Load that gates may put on one CMTS.</summary>
public sealed record CmtsRule
{
    /// <summary>Place of the CMTS in the list the server was started with, from 0.</summary>
    public int Cmts { get; init; }

    public int? MaxGates { get; init; }

    [JsonConverter(typeof(BitRateConverter))]
    public double? MaxRateUp { get; init; }

    [JsonConverter(typeof(BitRateConverter))]
    public double? MaxRateDown { get; init; }
}
