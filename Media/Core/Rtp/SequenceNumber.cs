namespace MediaRelay.Media.Rtp;

/// <summary>Arithmetic of 16-bit sequence numbers and 32-bit time stamps that wrap around.</summary>
public static class SequenceNumber
{
    /// <summary>True when <paramref name="a"/> comes after <paramref name="b"/>: less than half of the range ahead.</summary>
    public static bool IsNewer(ushort a, ushort b) => (ushort)(a - b) is > 0 and < 0x8000;

    public static bool IsNewer(uint a, uint b) => a - b is > 0 and < 0x8000_0000;

    /// <summary>Signed distance from <paramref name="b"/> to <paramref name="a"/>.</summary>
    public static int Distance(ushort a, ushort b) => (short)(a - b);

    /// <summary>The 64-bit number whose low bits are <paramref name="sequence"/> and that is nearest to <paramref name="reference"/>.</summary>
    public static long Unwrap(ushort sequence, long reference) => reference + (short)(sequence - (ushort)reference);
}
