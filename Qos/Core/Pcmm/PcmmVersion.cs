namespace MediaRelay.Qos.Pcmm;

/// <summary>A protocol version of PacketCable Multimedia (PCMM I05 section 6.4.2.16): 2.0 is issue I03, 4.0 is I05, 5.0 is I06.</summary>
public readonly record struct PcmmVersion(ushort Major, ushort Minor)
{
    public static readonly PcmmVersion V1 = new(1, 0);
    public static readonly PcmmVersion V2 = new(2, 0);
    public static readonly PcmmVersion V3 = new(3, 0);
    public static readonly PcmmVersion V4 = new(4, 0);
    public static readonly PcmmVersion V5 = new(5, 0);

    internal PcmmLayout Layout => Major is 1 or 2 ? PcmmLayout.Old : PcmmLayout.Current;

    public override string ToString() => $"{Major}.{Minor}";
}
