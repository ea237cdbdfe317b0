namespace MediaRelay.Media.IO.Sources;

/// <summary>Takes a stream's packets on the loop, in the order they came.</summary>
internal interface IStreamViewer
{
    /// <summary>One packet of the stream; its sequence number is the stream's.</summary>
    void HandlePacket(SourceStream stream, in StreamPacket packet, TimeSpan now);

    /// <summary>The source began anew: sequence numbers and times jump.</summary>
    void HandleRestart(SourceStream stream);
}
