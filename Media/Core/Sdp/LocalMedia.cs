namespace MediaRelay.Media.Sdp;

/// <summary>One track that this end can send, receive or both.</summary>
/// <param name="Kind">audio or video.</param>
/// <param name="Direction">What this end wants, as it sees it.</param>
/// <param name="Codecs">Formats in the order of preference, RTX formats included.</param>
public sealed record LocalMedia(string Kind, MediaDirection Direction, IReadOnlyList<RtpCodec> Codecs)
{
    /// <summary>Names of header extensions that this end understands.</summary>
    public IReadOnlyList<string> Extensions { get; init; } = [];

    /// <summary>Source of what this end sends; null when it sends nothing.</summary>
    public uint? Ssrc { get; init; }

    /// <summary>Source of its retransmissions.</summary>
    public uint? RtxSsrc { get; init; }

    /// <summary>Media stream id of a=msid; tracks with the same one are played in sync.</summary>
    public string StreamId { get; init; } = "-";

    public string TrackId { get; init; } = "track";

    /// <summary>
    /// A camera's H.264 is passed on as it is. Then any offered H.264 format of the right packetization mode is taken,
    /// the best fitting profile first, because browsers decode all common profiles whatever they list.
    /// </summary>
    public bool TakesAnyH264Profile { get; init; }
}
