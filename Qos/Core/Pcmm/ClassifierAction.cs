namespace MediaRelay.Qos.Pcmm;

/// <summary>What an extended or IPv6 classifier does to the gate's set (PCMM I05 section 6.4.2.6).</summary>
public enum ClassifierAction : byte
{
    Add = 0,
    Replace = 1,
    Delete = 2,
    NoChange = 3,
}
