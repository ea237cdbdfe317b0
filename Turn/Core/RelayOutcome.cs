using MediaRelay.Stun;

namespace MediaRelay.Turn;

/// <summary>What became of the last request, for the log: read it right after <see cref="RelayEngine.HandleRequest"/>.</summary>
/// <param name="Method">The method, 0 when nothing could be read.</param>
/// <param name="Code">The error code sent, <see cref="StunErrorCode.None"/> for success or silence.</param>
/// <param name="Reason">Why; None for success.</param>
/// <param name="Limit">The limit that was reached, 0 where none applies.</param>
public readonly record struct RelayOutcome(StunMethod Method, StunErrorCode Code, RefusalReason Reason, int Limit)
{
    /// <summary>The peer that was refused; none for other reasons.</summary>
    public TransportAddress Peer { get; init; }

    public bool IsSuccess => Reason == RefusalReason.None;
}
