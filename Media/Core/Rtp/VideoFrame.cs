namespace MediaRelay.Media.Rtp;

/// <summary>A frame put together from packets; valid until the next packet is added.</summary>
public readonly ref struct VideoFrame
{
    /// <summary>H.264 and H.265: Annex B with four-byte start codes; JPEG: a complete JFIF file; MPEG-4: the elementary stream.</summary>
    public required ReadOnlySpan<byte> Content { get; init; }

    public required uint Timestamp { get; init; }

    /// <summary>Decoding can start here.</summary>
    public required bool IsKeyFrame { get; init; }

    /// <summary>Packets of this frame were lost or unreadable.</summary>
    public required bool IsDamaged { get; init; }
}
