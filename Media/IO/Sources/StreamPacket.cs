namespace MediaRelay.Media.IO.Sources;

/// <summary>One RTP packet of a stream, taken apart; good during the call.</summary>
internal readonly ref struct StreamPacket
{
    public required ushort Sequence { get; init; }

    public required uint Timestamp { get; init; }

    public required bool Marker { get; init; }

    /// <summary>First packet of a picture that a decoder can start with, parameter sets included.</summary>
    public required bool StartsKeyFrame { get; init; }

    public required ReadOnlySpan<byte> Payload { get; init; }
}
