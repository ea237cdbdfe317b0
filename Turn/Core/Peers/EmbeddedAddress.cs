using MediaRelay.Stun;

namespace MediaRelay.Turn.Peers;

/// <summary>Finds the IPv4 address that an IPv6 address carries inside, where a translator or tunnel would deliver to it.</summary>
internal static class EmbeddedAddress
{
    /// <summary>The IPv4 address behind a NAT64 prefix of the given length (RFC 6052 section 2.2; bits 64 to 71 are skipped).</summary>
    public static uint OfNat64(UInt128 bits, int prefixLength) => prefixLength switch
    {
        32 => (uint)(bits >> 64),
        40 => ((uint)(bits >> 64) << 8) | (byte)(bits >> 48),
        48 => ((uint)((bits >> 64) & 0xFFFF) << 16) | (uint)((bits >> 40) & 0xFFFF),
        56 => ((uint)((bits >> 64) & 0xFF) << 24) | (uint)((bits >> 32) & 0xFFFFFF),
        64 => (uint)(bits >> 24),
        _ => (uint)bits,
    };

    /// <summary>6to4, Teredo and ISATAP; false when there is none of them.</summary>
    public static bool TryGetTunnel(UInt128 bits, out uint v4)
    {
        if (RefusedRanges.SixToFour.Contains(bits))
        {
            v4 = (uint)(bits >> 80);
            return true;
        }

        if (RefusedRanges.Teredo.Contains(bits))
        {
            v4 = ~(uint)bits; // the client's address, inverted (RFC 4380 section 4)
            return true;
        }

        v4 = (uint)bits;
        return (uint)((ulong)bits >> 32) is 0x0000_5EFE or 0x0200_5EFE;
    }
}
