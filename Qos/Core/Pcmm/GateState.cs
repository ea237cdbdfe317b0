namespace MediaRelay.Qos.Pcmm;

/// <summary>States of a gate (PCMM I05 section 6.4.2.15).</summary>
public enum GateState : ushort
{
    Closed = 1,
    Authorized = 2,
    Reserved = 3,
    Committed = 4,
    CommittedRecovery = 5,
}
