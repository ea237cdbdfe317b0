using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>A transport address that checks and data are sent from (RFC 8445 section 4, "base"): a socket or a relayed address.</summary>
internal sealed class LocalBase(int index, int socketId, RelayPath? relay, Candidate candidate, int localPreference)
{
    /// <summary>Position in <see cref="IceSession.Bases"/>.</summary>
    public int Index { get; } = index;

    /// <summary>The shell's socket, or -1 for a relayed base.</summary>
    public int SocketId { get; } = socketId;

    /// <summary>The way to the relay; null for a socket.</summary>
    public RelayPath? Relay { get; } = relay;

    /// <summary>The host or relayed candidate.</summary>
    public Candidate Candidate { get; } = candidate;

    /// <summary>The address the peer sees when there is no NAT between.</summary>
    public TransportAddress Address => Candidate.Address;

    /// <summary>True for a relayed address.</summary>
    public bool IsRelayed => Relay is not null;

    /// <summary>The socket that carries its traffic, or -1 when that is a stream.</summary>
    public int CarrierSocketId => Relay?.SocketId ?? SocketId;

    /// <summary>PRIORITY attribute of checks from here (RFC 8445 section 7.1.1).</summary>
    public uint PeerReflexivePriority { get; } = IcePriority.OfCandidate(CandidateType.PeerReflexive, localPreference, 1);

    /// <summary>True when the socket was closed or the allocation is lost; no new pairs are made with it.</summary>
    public bool IsGone { get; set; }
}
