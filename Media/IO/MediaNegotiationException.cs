namespace MediaRelay.Media.IO;

/// <summary>A description that cannot be used; the message says why in one clause and holds no text of the peer.</summary>
public sealed class MediaNegotiationException : Exception
{
    public MediaNegotiationException() { }

    public MediaNegotiationException(string message) : base(message) { }

    public MediaNegotiationException(string message, Exception inner) : base(message, inner) { }

    /// <summary>The offer is sound, but no section of it can be used here: another offer is needed, not another try.</summary>
    public bool IsOfferUnsuitable { get; init; }
}
