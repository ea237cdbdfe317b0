namespace MediaRelay.Qos.Pcmm;

/// <summary>The three classifier objects; the value is the S-Type.</summary>
public enum ClassifierKind : byte
{
    Legacy = 1,
    Extended = 2,
    Ipv6 = 3,
}
