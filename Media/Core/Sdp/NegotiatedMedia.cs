namespace MediaRelay.Media.Sdp;

/// <summary>The outcome for one m= section.</summary>
/// <param name="Index">Position in the descriptions, from 0.</param>
/// <param name="Mid">Identification tag, or null.</param>
/// <param name="Kind">audio, video, application ...</param>
public sealed record NegotiatedMedia(int Index, string? Mid, string Kind)
{
    /// <summary>Why the section is not used; null when it is.</summary>
    public string? RejectReason { get; init; }

    public bool IsRejected => RejectReason is not null;

    /// <summary>Something offered was left out though the section is used, e.g. simulcast; null when nothing was.</summary>
    public string? Note { get; init; }

    /// <summary>The entry of <see cref="LocalEndpoint.Media"/>; null when rejected.</summary>
    public LocalMedia? Local { get; init; }

    /// <summary>Direction as this end sees it.</summary>
    public MediaDirection Direction { get; init; }

    /// <summary>Formats in the order of preference, RTX folded in; the first is the one to send.</summary>
    public IReadOnlyList<NegotiatedCodec> Codecs { get; init; } = [];

    /// <summary>Extensions with the ids to use in both directions.</summary>
    public IReadOnlyList<HeaderExtension> Extensions { get; init; } = [];

    /// <summary>Where and to whom; sections of one bundle share the first one's.</summary>
    public RemoteTransport? Transport { get; init; }

    /// <summary>Index of the section whose transport is used.</summary>
    public int TransportIndex { get; init; }

    /// <summary>Sources that the peer announced.</summary>
    public IReadOnlyList<uint> RemoteSsrcs { get; init; } = [];

    /// <summary>The peer takes RTCP packets that are not compound (RFC 5506).</summary>
    public bool ReducedSizeRtcp { get; init; }

    /// <summary>Bandwidth that the peer allows, in bit/s; 0 when it does not say.</summary>
    public long BitsPerSecond { get; init; }

    /// <summary>Id of an extension, or 0.</summary>
    public int ExtensionId(string uri)
    {
        // By index, because this is asked for each packet: an enumerator would be allocated.
        for (var i = 0; i < Extensions.Count; i++)
            if (Extensions[i].Uri == uri) return Extensions[i].Id;
        return 0;
    }
}
