namespace MediaRelay.Media.Sdp;

/// <summary>Bounds that the reader enforces before it keeps anything of a description.</summary>
/// <param name="Characters">Longest text, in bytes of UTF-8.</param>
/// <param name="Lines">Most lines.</param>
/// <param name="LineCharacters">Longest line without its line end.</param>
/// <param name="Media">Most m= sections.</param>
/// <param name="CandidatesPerMedia">Most a=candidate lines in one section.</param>
/// <param name="Fingerprints">Most a=fingerprint lines in one section.</param>
public sealed record SdpLimits(int Characters, int Lines, int LineCharacters, int Media, int CandidatesPerMedia, int Fingerprints)
{
    /// <summary>What a browser, gateway or camera needs, and no more: the limits for text from the network.</summary>
    public static SdpLimits Default { get; } = new(65536, 1000, 2048, 16, 40, 8);

    /// <summary>Room for large conferences, for tools that only look at a description.</summary>
    public static SdpLimits Wide { get; } = new(1 << 20, 20_000, 65536, 256, 1000, 64);
}
