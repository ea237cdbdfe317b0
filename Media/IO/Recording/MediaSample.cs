namespace MediaRelay.Media.IO.Recording;

/// <summary>One access unit: a picture as length-prefixed NAL units, or one packet of sound.</summary>
/// <param name="Track">Index of the track.</param>
/// <param name="Time">Ticks of the track's timescale since its first sample.</param>
/// <param name="IsKey">A decoder can start here.</param>
/// <param name="Bytes">The unit.</param>
/// <param name="ArrivedAt">Monotonic time of arrival, which puts the tracks beside one another.</param>
internal sealed record MediaSample(int Track, long Time, bool IsKey, ReadOnlyMemory<byte> Bytes, TimeSpan ArrivedAt);
