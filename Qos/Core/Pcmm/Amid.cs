namespace MediaRelay.Qos.Pcmm;

/// <summary>Application manager identifier: application type first, then the manager's tag (PCMM I05 section 6.4.2.2). Type 0 means none.</summary>
public readonly record struct Amid(ushort ApplicationType, ushort ApplicationManagerTag)
{
    internal uint Value => ((uint)ApplicationType << 16) | ApplicationManagerTag;

    internal static Amid FromValue(uint value) => new((ushort)(value >> 16), (ushort)value);

    public override string ToString() => $"{ApplicationType}/{ApplicationManagerTag}";
}
