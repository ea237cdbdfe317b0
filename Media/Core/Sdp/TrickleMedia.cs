namespace MediaRelay.Media.Sdp;

/// <summary>The part of a <see cref="TrickleFragment"/> for one media section.</summary>
/// <param name="Header">Value of the pseudo m= line.</param>
/// <param name="Mid">Identification tag, or null when the fragment has none.</param>
/// <param name="Candidates">Raw a=candidate values.</param>
/// <param name="IsComplete">No more candidates follow for this section.</param>
public sealed record TrickleMedia(string Header, string? Mid, IReadOnlyList<string> Candidates, bool IsComplete)
{
    /// <summary>The m= line to write when only the mid matters (RFC 8840 section 4.3).</summary>
    public const string PseudoHeader = "audio 9 RTP/AVP 0";
}
