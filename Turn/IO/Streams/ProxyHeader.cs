using System.Buffers.Binary;
using MediaRelay.Stun;

namespace MediaRelay.Turn.IO.Streams;

/// <summary>What the start of a connection holds.</summary>
internal enum ProxyHeaderKind
{
    Incomplete,
    Malformed,
    Complete,
}

/// <summary>
/// PROXY protocol version 2 (haproxy proxy-protocol.txt section 2.2):
/// <code>12 bytes signature | 0x2 version, command | family, transport | 16-bit length | addresses | TLVs (skipped)</code>
/// </summary>
internal static class ProxyHeader
{
    /// <summary>Longest header taken: addresses and a kilobyte of TLVs.</summary>
    public const int MaxLength = 16 + 1024;

    private const int FixedLength = 16;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Gives the whole length and the client's address; none for the LOCAL command (health checks of the balancer).</summary>
    public static ProxyHeaderKind TryRead(ReadOnlySpan<byte> bytes, out int length, out TransportAddress source)
    {
        length = 0;
        source = default;
        var known = Math.Min(bytes.Length, Signature.Length);
        if (!bytes[..known].SequenceEqual(Signature[..known]))
            return ProxyHeaderKind.Malformed;
        if (bytes.Length < FixedLength)
            return ProxyHeaderKind.Incomplete;
        if (bytes[12] >> 4 != 2)
            return ProxyHeaderKind.Malformed;
        length = FixedLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (length > MaxLength)
            return ProxyHeaderKind.Malformed;
        if (bytes.Length < length)
            return ProxyHeaderKind.Incomplete;
        var addresses = bytes[FixedLength..length];
        switch (bytes[12] & 0xF, bytes[13])
        {
            case (0, _):
                return ProxyHeaderKind.Complete;
            case (1, 0x11) when addresses.Length >= 12:
                source = TransportAddress.FromBytes(addresses[..4], BinaryPrimitives.ReadUInt16BigEndian(addresses[8..]));
                return ProxyHeaderKind.Complete;
            case (1, 0x21) when addresses.Length >= 36:
                source = TransportAddress.FromBytes(addresses[..16], BinaryPrimitives.ReadUInt16BigEndian(addresses[32..]));
                return ProxyHeaderKind.Complete;
            default:
                return ProxyHeaderKind.Malformed;
        }
    }
}
