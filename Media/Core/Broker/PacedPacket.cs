namespace MediaRelay.Media.Broker;

/// <summary>What <see cref="Viewer.TryNextPaced"/> wrote.</summary>
public enum PacedPacket
{
    /// <summary>Nothing: the viewer has everything.</summary>
    None,

    /// <summary>Nothing yet: the pacer lets the next packet out later.</summary>
    Waits,

    /// <summary>The next packet of the stream.</summary>
    New,

    /// <summary>A packet that the viewer asked for again.</summary>
    Again,
}
