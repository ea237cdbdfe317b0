namespace MediaRelay.Media.Broker;

/// <summary>Plain numbers of one track, for metrics.</summary>
public sealed class FeedCounters
{
    public long Packets { get; internal set; }

    public long Octets { get; internal set; }

    public long KeyFrames { get; internal set; }

    /// <summary>Requests by viewers, before they were merged.</summary>
    public long KeyFramesWanted { get; internal set; }

    /// <summary>Requests that went to the camera.</summary>
    public long KeyFramesRequested { get; internal set; }

    /// <summary>Packets that were not RTP, duplicates, or too late for the buffer.</summary>
    public long Refused { get; internal set; }
}
