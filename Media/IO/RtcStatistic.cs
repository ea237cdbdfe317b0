namespace MediaRelay.Media.IO;

/// <summary>One statistics object with the identifiers of the W3C's "Identifiers for WebRTC's Statistics API".</summary>
/// <param name="Id">Unique in one report, and the same in later ones.</param>
/// <param name="Type">RTCStatsType, e.g. <c>outbound-rtp</c> or <c>candidate-pair</c>.</param>
/// <param name="Values">Members by name, e.g. <c>packetsSent</c>; numbers, texts and booleans. Times are in the unit of the W3C member.</param>
public sealed record RtcStatistic(string Id, string Type, IReadOnlyDictionary<string, object> Values);
