using System.Buffers.Binary;
using System.Runtime.InteropServices;
using MediaRelay.Stun;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>
/// sockaddr_in or sockaddr_in6 as the kernel lays them out (28 bytes), convertible to and from <see cref="TransportAddress"/>
/// without an object.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = Capacity)]
internal unsafe struct SocketName
{
    public const int Capacity = 28;

    private fixed byte _bytes[Capacity];

    /// <summary>Writes the address and returns the length of the name: 16 for IPv4, 28 for IPv6.</summary>
    public static uint Write(SocketName* name, TransportAddress address)
    {
        var bytes = (byte*)name;
        *(ushort*)(bytes + 2) = BinaryPrimitives.ReverseEndianness(address.Port);
        if (address.IsV4)
        {
            *(ushort*)bytes = LibC.Inet;
            *(uint*)(bytes + 4) = BinaryPrimitives.ReverseEndianness((uint)address.Bits);
            *(ulong*)(bytes + 8) = 0;
            return 16;
        }

        *(ushort*)bytes = LibC.Inet6;
        *(uint*)(bytes + 4) = 0;
        var bits = address.Bits;
        *(ulong*)(bytes + 8) = BinaryPrimitives.ReverseEndianness((ulong)(bits >> 64));
        *(ulong*)(bytes + 16) = BinaryPrimitives.ReverseEndianness((ulong)bits);
        *(uint*)(bytes + 24) = 0;
        return Capacity;
    }

    /// <summary>The address, or none when the family is neither IPv4 nor IPv6.</summary>
    public static TransportAddress Read(byte* bytes)
    {
        var port = BinaryPrimitives.ReverseEndianness(*(ushort*)(bytes + 2));
        return *(ushort*)bytes switch
        {
            LibC.Inet => TransportAddress.V4(BinaryPrimitives.ReverseEndianness(*(uint*)(bytes + 4)), port),
            LibC.Inet6 => TransportAddress.V6(
                new UInt128(BinaryPrimitives.ReverseEndianness(*(ulong*)(bytes + 8)), BinaryPrimitives.ReverseEndianness(*(ulong*)(bytes + 16))), port),
            _ => default,
        };
    }
}
