using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Sources;

/// <summary>One viewer's interest in one kind of media of a source; kept when the source changes its formats. On the loop only.</summary>
internal sealed class SourceSubscription(MediaKind kind, IReadOnlyList<NegotiatedCodec> codecs, IStreamViewer viewer, Action<SourceStream?, NegotiatedCodec?> chosen)
{
    /// <summary>Whether the viewer gets the smaller picture, when one can be made.</summary>
    public bool IsReduced { get; set; }

    public MediaKind Kind => kind;

    /// <summary>What the viewer can take, best first.</summary>
    public IReadOnlyList<NegotiatedCodec> Codecs => codecs;

    public SourceStream? Stream { get; private set; }

    public void Attach(SourceStream? stream, NegotiatedCodec? codec)
    {
        Stream = stream;
        chosen(stream, codec);
        stream?.Add(viewer);
    }

    public void Detach()
    {
        Stream?.Remove(viewer);
        Stream = null;
    }
}
