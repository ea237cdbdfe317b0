namespace MediaRelay.Qos.Pcmm;

/// <summary>Session class identifier: bits 0-2 priority (7 highest), bit 3 may preempt, bits 4-7 for the operator (PCMM I05 section 6.4.2.5).</summary>
public readonly record struct SessionClass(byte Value)
{
    public SessionClass(int priority, bool mayPreempt)
        : this((byte)((priority & 7) | (mayPreempt ? 8 : 0)))
    {
    }

    public int Priority => Value & 7;

    public bool MayPreempt => (Value & 8) != 0;
}
