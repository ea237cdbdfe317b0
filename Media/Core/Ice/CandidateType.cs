namespace MediaRelay.Media.Ice;

/// <summary>Candidate types of RFC 8445 section 4; an unknown type token reads as <see cref="Unknown"/> and is not used.</summary>
public enum CandidateType
{
    Host,
    ServerReflexive,
    PeerReflexive,
    Relayed,
    Unknown,
}
