namespace MediaRelay.Stun;

/// <summary>One attribute as it lies in the message; the padding is not part of the value.</summary>
public readonly ref struct StunAttribute
{
    internal StunAttribute(StunAttributeType type, ReadOnlySpan<byte> value)
    {
        Type = type;
        Value = value;
    }

    public StunAttributeType Type { get; }

    public ReadOnlySpan<byte> Value { get; }

    /// <summary>True when a receiver that does not know the type must refuse the request (420).</summary>
    public bool IsComprehensionRequired => (ushort)Type < 0x8000;

    /// <summary>The value as an address, XORed or not as the type says; false for another type's shape.</summary>
    public bool TryReadAddress(TransactionId id, out TransportAddress address) => StunAddress.TryRead(Type, Value, id, out address);
}
