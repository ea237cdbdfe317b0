using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>What the shell must do for an <see cref="IceAgent"/>, in the order of the list.</summary>
public abstract record IceCommand
{
    private IceCommand() { }

    /// <summary>Send a datagram from a socket.</summary>
    public sealed record SendDatagram(int SocketId, TransportAddress To, ReadOnlyMemory<byte> Bytes) : IceCommand;

    /// <summary>Dial a TURN server; answer with HandleStreamOpened or HandleStreamClosed.</summary>
    public sealed record OpenStream(int StreamId, IceServer Server) : IceCommand;

    /// <summary>Write bytes to a stream.</summary>
    public sealed record SendStream(int StreamId, ReadOnlyMemory<byte> Bytes) : IceCommand;

    /// <summary>Close a stream; no further call about it is expected.</summary>
    public sealed record CloseStream(int StreamId) : IceCommand;

    /// <summary>Tell the peer of a local candidate.</summary>
    public sealed record CandidateFound(Candidate Candidate) : IceCommand;

    /// <summary>Tell the peer that there are no more candidates (RFC 8838 section 13).</summary>
    public sealed record GatheringCompleted : IceCommand;

    /// <summary>The state changed.</summary>
    public sealed record StateChanged(IceState State) : IceCommand;

    /// <summary>Data now takes this pair; told again when a better pair replaces it and when it is nominated.</summary>
    public sealed record PairSelected(CandidatePairSnapshot Pair) : IceCommand;
}
