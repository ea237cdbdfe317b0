namespace MediaRelay.Media.IO.Sources;

/// <summary>Watches a stream, on the loop.</summary>
internal interface IStreamViewer
{
    /// <summary>The feed holds a packet more.</summary>
    void HandlePublished(SourceStream stream, ReadOnlySpan<byte> packet, TimeSpan now);

    /// <summary>The source began anew, with another feed.</summary>
    void HandleRestart(SourceStream stream);
}
