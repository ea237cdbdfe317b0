namespace MediaRelay.Media.Sdp;

/// <summary>How the reader treats text that breaks the grammar without being ambiguous.</summary>
public enum SdpStrictness
{
    /// <summary>Every defect is refused: for offers and answers.</summary>
    Strict,

    /// <summary>
    /// Unknown line types, a missing s=, t= or c=, and attributes for unlisted formats are kept: for what cameras send in RTSP.
    /// Limits, addresses, ports and numbers are checked as in <see cref="Strict"/>.
    /// </summary>
    Camera,
}
