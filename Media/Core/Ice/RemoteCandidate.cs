using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>A candidate of the peer, told by it or found by a check.</summary>
internal sealed class RemoteCandidate(Candidate candidate)
{
    /// <summary>May be replaced when a peer-reflexive candidate turns out to be a told one (RFC 8838 section 11.4).</summary>
    public Candidate Candidate { get; set; } = candidate;

    public TransportAddress Address => Candidate.Address;

    public bool IsRelayed => Candidate.Type == CandidateType.Relayed;
}
