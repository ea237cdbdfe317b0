using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace MediaRelay.Stun;

/// <summary>The 96-bit identifier that joins a response to its request (RFC 8489 section 5). Always from a cryptographic generator.</summary>
public readonly record struct TransactionId
{
    public const int Length = 12;

    private readonly uint _high;
    private readonly ulong _low;

    private TransactionId(uint high, ulong low) => (_high, _low) = (high, low);

    /// <summary>The identifier as a number of 96 bits, most significant byte first.</summary>
    public UInt128 Bits => new(_high, _low);

    public static TransactionId New(RandomNumberGenerator random)
    {
        Span<byte> bytes = stackalloc byte[Length];
        random.GetBytes(bytes);
        return FromBytes(bytes);
    }

    /// <exception cref="ArgumentOutOfRangeException">Fewer than 12 bytes.</exception>
    public static TransactionId FromBytes(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt32BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[4..]));

    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[4..], _low);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_high:x8}{_low:x16}");
}
