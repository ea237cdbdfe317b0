namespace MediaRelay.Qos.Pcmm;

/// <summary>Which envelopes a traffic profile fills (PCMM I05 section 6.4.2.7). Only the three combined values are legal on the wire.</summary>
[Flags]
public enum ResourceEnvelopes : byte
{
    None = 0,
    Authorized = 1,
    Reserved = 2,
    Committed = 4,

    /// <summary>Authorise only: the gate becomes Authorized.</summary>
    Authorize = Authorized,

    /// <summary>Authorise and reserve: the gate becomes Reserved.</summary>
    Reserve = Authorized | Reserved,

    /// <summary>All three: the gate becomes Committed.</summary>
    Commit = Authorized | Reserved | Committed,
}
