namespace MediaRelay.Media.IO.Recording;

/// <summary>One track of a recording: codec, ticks per second and the set-up bytes that its sample entry needs.</summary>
internal sealed record Mp4Track(Mp4Codec Codec, int Timescale)
{
    /// <summary>Picture size in pixels; 0 for sound.</summary>
    public int Width { get; init; }

    public int Height { get; init; }

    public int Channels { get; init; } = 1;

    /// <summary>Sequence and picture parameter set without start codes (H.264), else empty.</summary>
    public ReadOnlyMemory<byte> SequenceParameterSet { get; init; }

    public ReadOnlyMemory<byte> PictureParameterSet { get; init; }

    /// <summary>AudioSpecificConfig (AAC), else empty.</summary>
    public ReadOnlyMemory<byte> AudioConfiguration { get; init; }

    public bool IsVideo => Codec == Mp4Codec.H264;
}
