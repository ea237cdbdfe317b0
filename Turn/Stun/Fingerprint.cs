using System.Buffers.Binary;

namespace MediaRelay.Stun;

/// <summary>FINGERPRINT: CRC-32 of the message up to the attribute, XOR 0x5354554E (RFC 8489 section 14.7).</summary>
public static class Fingerprint
{
    public const int Length = 4;

    private const uint Xor = 0x5354554E;

    /// <summary>True when the attribute is present and right.</summary>
    public static bool Verify(in StunMessage message) => message.HasFingerprint
        && BinaryPrimitives.ReadUInt32BigEndian(message.Bytes[(message.FingerprintOffset + 4)..]) == Compute(message.Bytes[..message.FingerprintOffset]);

    internal static uint Compute(ReadOnlySpan<byte> covered) => Crc32.Compute(covered) ^ Xor;
}
