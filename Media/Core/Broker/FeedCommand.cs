namespace MediaRelay.Media.Broker;

/// <summary>What a feed asks its shell to do.</summary>
public enum FeedCommand
{
    /// <summary>Ask the camera for a key frame: PLI or FIR over RTP, or the encoder's own way.</summary>
    RequestKeyFrame,
}
