namespace MediaRelay.Signaling.Contract;

/// <summary>Offer, answer, candidates or end of one media session.</summary>
public sealed record MediaBody : MessageBody
{
    /// <summary>The reason of a gateway that cannot use any section of the offer, e.g. because there is no common format.</summary>
    public const string OfferUnsuitable = "offer-unsuitable";

    /// <summary>The session's identifier.</summary>
    public required string Session { get; init; }

    /// <summary>The camera or talk device.</summary>
    public string? Camera { get; init; }

    /// <summary>The session ends by itself unless refreshed within this time.</summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>In media.state: <c>connecting</c>, <c>connected</c>, <c>failed</c> ...</summary>
    public string? State { get; init; }

    /// <summary>Why it ended or failed, a stable word.</summary>
    public string? Reason { get; init; }

    /// <summary>The same in one sentence for people.</summary>
    public string? Detail { get; init; }

    /// <summary>In media.state: the selected path as <c>far=ADDRESS:PORT near=ADDRESS:PORT relayed=0|1 steps=NAME:MS,...</c>.</summary>
    public string? Path { get; init; }

    /// <summary>A session description (RFC 8866).</summary>
    public string? Sdp { get; init; }

    /// <summary>Trickled candidates, at most 40.</summary>
    public IReadOnlyList<MediaCandidate> Candidates { get; init; } = [];

    /// <summary>True when no more candidates follow; null when nothing is said.</summary>
    public bool? EndOfCandidates { get; init; }

    /// <summary>Servers for the gateway's agent, at most 8.</summary>
    public IReadOnlyList<MediaRelayAddress> Relays { get; init; } = [];
}
