namespace MediaRelay.Signaling.Contract;

/// <summary>A recorded clip or still: asked for, or reported as stored.</summary>
public sealed record ClipBody : MessageBody
{
    /// <summary>The clip's identifier; it is also the last part of the upload path.</summary>
    public required string Id { get; init; }

    /// <summary>The camera.</summary>
    public string? Camera { get; init; }

    /// <summary>First moment.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Last moment.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Where it is to be put, when not at the usual place.</summary>
    public string? Url { get; init; }

    /// <summary>Media type, e.g. <c>video/mp4</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Octets.</summary>
    public ulong? Size { get; init; }

    /// <summary>SHA-256 of the content, lower-case hexadecimal.</summary>
    public string? Sha256 { get; init; }
}
