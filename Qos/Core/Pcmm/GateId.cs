namespace MediaRelay.Qos.Pcmm;

/// <summary>A gate's number, given by the CMTS and unique only there (PCMM I05 section 6.4.2.4). Zero is no gate.</summary>
public readonly record struct GateId(uint Value)
{
    public override string ToString() => Value.ToString("x8", System.Globalization.CultureInfo.InvariantCulture);
}
