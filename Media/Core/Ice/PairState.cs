namespace MediaRelay.Media.Ice;

/// <summary>States of a candidate pair (RFC 8445 section 6.1.2.6).</summary>
public enum PairState
{
    Frozen,
    Waiting,
    InProgress,
    Succeeded,
    Failed,
}
