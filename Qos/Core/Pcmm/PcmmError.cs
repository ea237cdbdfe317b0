namespace MediaRelay.Qos.Pcmm;

/// <summary>A PacketCable Error: code and sub-code. For codes 6, 7 and 17 the sub-code is S-Num times 256 plus S-Type of the object meant.</summary>
public readonly record struct PcmmError(PcmmErrorCode Code, ushort SubCode = 0)
{
    internal static PcmmError Missing(PcmmObject number, byte type) => new(PcmmErrorCode.MissingRequiredObject, Sub(number, type));

    internal static PcmmError Invalid(PcmmObject number, byte type) => new(PcmmErrorCode.InvalidObject, Sub(number, type));

    internal static PcmmError Value(PcmmObject number, byte type) => new(PcmmErrorCode.InvalidFieldValue, Sub(number, type));

    public bool IsNone => Code == PcmmErrorCode.None;

    public override string ToString() => SubCode == 0 ? $"{(ushort)Code} ({Code})" : $"{(ushort)Code} ({Code}, sub-code 0x{SubCode:x4})";

    private static ushort Sub(PcmmObject number, byte type) => (ushort)(((byte)number << 8) | type);
}
