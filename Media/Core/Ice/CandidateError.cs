namespace MediaRelay.Media.Ice;

/// <summary>Why a candidate line was refused.</summary>
public enum CandidateError
{
    None,
    TooLong,
    Prefix,
    Foundation,
    Component,
    Transport,
    Priority,
    Address,
    Port,
    Type,
    Extension,
}
