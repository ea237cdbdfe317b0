namespace MediaRelay.Signaling.Contract;

/// <summary>A message for the in-home screen, or the answer to it.</summary>
public sealed record ContentBody : MessageBody
{
    /// <summary>The content's identifier; showing it again is harmless.</summary>
    public required string Id { get; init; }

    /// <summary>How long it may be shown.</summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary><c>low</c>, <c>normal</c> or <c>high</c>.</summary>
    public string? Importance { get; init; }

    /// <summary>The key the person chose.</summary>
    public string? Answer { get; init; }

    /// <summary>Headline, at most 200 characters.</summary>
    public string? Title { get; init; }

    /// <summary>Text, at most 4096 characters.</summary>
    public string? Text { get; init; }
}
