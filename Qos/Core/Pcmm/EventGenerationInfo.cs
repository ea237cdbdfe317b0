using System.Buffers.Binary;

namespace MediaRelay.Qos.Pcmm;

/// <summary>Where events of a gate go and under which correlation identifier (PCMM I05 section 6.4.2.8). Zero addresses mean "choose".</summary>
public readonly record struct EventGenerationInfo(bool IsV6, UInt128 PrimaryAddress, ushort PrimaryPort, UInt128 SecondaryAddress, ushort SecondaryPort, BillingCorrelationId Bcid)
{
    internal const int BodySizeV4 = 40;
    internal const int BodySizeV6 = 64;

    internal static EventGenerationInfo Read(ReadOnlySpan<byte> body)
    {
        bool v6 = body.Length == BodySizeV6;
        int address = v6 ? 16 : 4, server = address + 4;
        return new EventGenerationInfo(
            v6,
            ReadAddress(body, v6),
            BinaryPrimitives.ReadUInt16BigEndian(body[address..]),
            ReadAddress(body[server..], v6),
            BinaryPrimitives.ReadUInt16BigEndian(body[(server + address)..]),
            BillingCorrelationId.Read(body[(2 * server)..]));
    }

    internal void Write(Span<byte> body)
    {
        int address = IsV6 ? 16 : 4, server = address + 4;
        body.Clear();
        WriteAddress(body, PrimaryAddress);
        BinaryPrimitives.WriteUInt16BigEndian(body[address..], PrimaryPort);
        WriteAddress(body[server..], SecondaryAddress);
        BinaryPrimitives.WriteUInt16BigEndian(body[(server + address)..], SecondaryPort);
        Bcid.Write(body[(2 * server)..]);
    }

    private static UInt128 ReadAddress(ReadOnlySpan<byte> at, bool v6) =>
        v6 ? BinaryPrimitives.ReadUInt128BigEndian(at) : BinaryPrimitives.ReadUInt32BigEndian(at);

    private void WriteAddress(Span<byte> at, UInt128 address)
    {
        if (IsV6) BinaryPrimitives.WriteUInt128BigEndian(at, address);
        else BinaryPrimitives.WriteUInt32BigEndian(at, (uint)address);
    }
}
