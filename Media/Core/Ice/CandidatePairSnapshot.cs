using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>A candidate pair as reports and statistics show it.</summary>
/// <param name="Local">The local candidate; its address is what the peer sees.</param>
/// <param name="Remote">The remote candidate.</param>
/// <param name="SocketId">The socket that carries it, or -1 when it is a stream towards a TURN server.</param>
/// <param name="State">State of its checks.</param>
/// <param name="Priority">Pair priority of RFC 8445 section 6.1.2.3.</param>
/// <param name="IsNominated">True when nomination chose it.</param>
/// <param name="RoundTrip">The last measured round trip; null before the first answer.</param>
/// <param name="RelayServer">The TURN server that carries the local end, none when there is none.</param>
public sealed record CandidatePairSnapshot(
    Candidate Local,
    Candidate Remote,
    int SocketId,
    PairState State,
    ulong Priority,
    bool IsNominated,
    TimeSpan? RoundTrip,
    TransportAddress RelayServer = default);
