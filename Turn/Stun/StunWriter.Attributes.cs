using System.Buffers.Binary;
using System.Text;

namespace MediaRelay.Stun;

// One method per value shape; names follow the registry.
public ref partial struct StunWriter
{
    /// <summary>Any address attribute; whether it is XORed follows from its type.</summary>
    public void AddAddress(StunAttributeType type, TransportAddress address)
    {
        Span<byte> value = stackalloc byte[StunAddress.MaxLength];
        Add(type, value[..StunAddress.Write(type, address, _id, value)]);
    }

    /// <summary>A text attribute in UTF-8.</summary>
    public void AddText(StunAttributeType type, scoped ReadOnlySpan<char> text)
    {
        var destination = AddInPlace(type, Encoding.UTF8.GetByteCount(text));
        if (!IsOverflowed)
            Encoding.UTF8.GetBytes(text, destination);
    }

    public void AddUInt32(StunAttributeType type, uint number)
    {
        Span<byte> value = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(value, number);
        Add(type, value);
    }

    public void AddUInt64(StunAttributeType type, ulong number)
    {
        Span<byte> value = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(value, number);
        Add(type, value);
    }

    /// <summary>ERROR-CODE without reason phrase unless one is given (RFC 8489 section 14.8).</summary>
    public void AddErrorCode(StunErrorCode code, scoped ReadOnlySpan<byte> reason = default)
    {
        var value = AddInPlace(StunAttributeType.ErrorCode, 4 + reason.Length);
        if (IsOverflowed)
            return;
        WriteCode(0, code, value);
        reason.CopyTo(value[4..]);
    }

    /// <summary>ADDRESS-ERROR-CODE (RFC 8656 section 18.12).</summary>
    public void AddAddressError(IpFamily family, StunErrorCode code)
    {
        Span<byte> value = stackalloc byte[4];
        WriteCode((byte)family, code, value);
        Add(StunAttributeType.AddressErrorCode, value);
    }

    public void AddUnknownAttributes(scoped ReadOnlySpan<StunAttributeType> types)
    {
        var value = AddInPlace(StunAttributeType.UnknownAttributes, types.Length * 2);
        for (var i = 0; i < types.Length && !IsOverflowed; i++)
            BinaryPrimitives.WriteUInt16BigEndian(value[(i * 2)..], (ushort)types[i]);
    }

    public void AddLifetime(uint seconds) => AddUInt32(StunAttributeType.Lifetime, seconds);

    public void AddChannelNumber(ushort channel) => AddUInt32(StunAttributeType.ChannelNumber, (uint)channel << 16);

    /// <summary>REQUESTED-TRANSPORT: 17 = UDP, 6 = TCP.</summary>
    public void AddRequestedTransport(byte protocol) => AddUInt32(StunAttributeType.RequestedTransport, (uint)protocol << 24);

    /// <summary>REQUESTED-ADDRESS-FAMILY or ADDITIONAL-ADDRESS-FAMILY.</summary>
    public void AddFamily(StunAttributeType type, IpFamily family) => AddUInt32(type, (uint)family << 24);

    public void AddEvenPort(bool reserveNext) => Add(StunAttributeType.EvenPort, [reserveNext ? (byte)0x80 : (byte)0]);

    public void AddChangeRequest(bool changeIp, bool changePort) =>
        AddUInt32(StunAttributeType.ChangeRequest, (changeIp ? 4u : 0) | (changePort ? 2u : 0));

    public void AddIcmp(IcmpError icmp) =>
        AddUInt64(StunAttributeType.Icmp, ((ulong)(icmp.Type & 0x7F) << 41) | ((ulong)(icmp.Code & 0x1FF) << 32) | icmp.ErrorBytes);

    /// <summary>PASSWORD-ALGORITHM without parameters (RFC 8489 section 14.12).</summary>
    public void AddPasswordAlgorithm(PasswordAlgorithm algorithm) =>
        AddUInt32(StunAttributeType.PasswordAlgorithm, (uint)algorithm << 16);

    /// <summary>PASSWORD-ALGORITHMS in order of preference (RFC 8489 section 14.11).</summary>
    public void AddPasswordAlgorithms(scoped ReadOnlySpan<PasswordAlgorithm> algorithms)
    {
        var value = AddInPlace(StunAttributeType.PasswordAlgorithms, algorithms.Length * 4);
        for (var i = 0; i < algorithms.Length && !IsOverflowed; i++)
            BinaryPrimitives.WriteUInt32BigEndian(value[(i * 4)..], (uint)algorithms[i] << 16);
    }

    private static void WriteCode(byte first, StunErrorCode code, Span<byte> value)
    {
        value[0] = first;
        value[1] = 0;
        value[2] = (byte)((int)code / 100);
        value[3] = (byte)((int)code % 100);
    }
}
