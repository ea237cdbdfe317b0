namespace MediaRelay.Media.Broker;

/// <summary>Payload formats whose key frames the broker can see.</summary>
public enum FeedFormat
{
    /// <summary>Every packet can be decoded alone.</summary>
    Audio,
    H264,

    /// <summary>A key frame cannot be told from the payload; every frame counts as one.</summary>
    Jpeg,
}
