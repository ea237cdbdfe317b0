namespace MediaRelay.Media.Broker;

/// <summary>Memory and rates of one track.</summary>
/// <param name="Packets">Packets kept for NACKs and new viewers, a power of two.</param>
/// <param name="Bytes">Bytes kept; should hold the longest distance between key frames.</param>
/// <param name="KeyFrameInterval">Least time between two key-frame requests to the camera.</param>
public sealed record FeedLimits(int Packets, int Bytes, TimeSpan KeyFrameInterval)
{
    /// <summary>4 s at 8 Mbit/s.</summary>
    public static FeedLimits Video { get; } = new(4096, 4 << 20, TimeSpan.FromMilliseconds(500));

    /// <summary>5 s of 20 ms packets.</summary>
    public static FeedLimits Audio { get; } = new(256, 64 << 10, TimeSpan.FromSeconds(1));
}
