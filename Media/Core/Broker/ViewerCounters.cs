namespace MediaRelay.Media.Broker;

/// <summary>Plain numbers of one viewer's stream; names as in the W3C outbound-rtp statistics.</summary>
public sealed class ViewerCounters
{
    public long PacketsSent { get; internal set; }

    public long BytesSent { get; internal set; }

    public long NackCount { get; internal set; }

    public long PliCount { get; internal set; }

    public long FirCount { get; internal set; }

    public long RetransmittedPacketsSent { get; internal set; }

    public long RetransmittedBytesSent { get; internal set; }

    /// <summary>Packets between key frames that were left out because the path cannot take them.</summary>
    public long PacketsSkipped { get; internal set; }

    /// <summary>Times the viewer fell behind the ring and went on at a newer key frame.</summary>
    public long Jumps { get; internal set; }
}
