using System.Buffers.Binary;
using System.Net;

namespace MediaRelay.Qos.Pcmm;

/// <summary>The subscriber's address as the CMTS knows it, IPv4 or IPv6 (PCMM I05 section 6.4.2.3). Behind home NAT it is the modem's or router's address.</summary>
public readonly record struct SubscriberId(UInt128 Address, bool IsV6)
{
    public static SubscriberId FromV4(uint address) => new(address, false);

    /// <summary>From an address; an IPv4 address inside IPv6 becomes IPv4.</summary>
    public static SubscriberId From(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return length == 4 ? FromV4(BinaryPrimitives.ReadUInt32BigEndian(bytes)) : new(BinaryPrimitives.ReadUInt128BigEndian(bytes), true);
    }

    public static bool TryParse(string text, out SubscriberId subscriber)
    {
        subscriber = default;
        if (!IPAddress.TryParse(text, out IPAddress? address)) return false;
        subscriber = From(address);
        return true;
    }

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Address);
        return new IPAddress(IsV6 ? bytes : bytes[12..]);
    }

    public override string ToString() => ToIPAddress().ToString();
}
