using System.Buffers.Binary;

namespace MediaRelay.Stun;

// Typed getters: false when the attribute is absent or its value has not the shape the specification gives it. The first
// occurrence counts (RFC 8489 section 14).
public readonly ref partial struct StunMessage
{
    public bool Has(StunAttributeType type) => TryGet(type, out _);

    public bool TryGet(StunAttributeType type, out ReadOnlySpan<byte> value)
    {
        foreach (var attribute in this)
        {
            if (attribute.Type == type)
            {
                value = attribute.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Any address attribute; whether it is XORed follows from its type.</summary>
    public bool TryGetAddress(StunAttributeType type, out TransportAddress address)
    {
        address = default;
        return TryGet(type, out var value) && StunAddress.TryRead(type, value, TransactionId, out address);
    }

    /// <summary>The address in one attribute of this message, for types that may occur several times.</summary>
    public bool TryReadAddress(StunAttribute attribute, out TransportAddress address) =>
        StunAddress.TryRead(attribute.Type, attribute.Value, TransactionId, out address);

    public bool TryGetUInt32(StunAttributeType type, out uint number)
    {
        var found = TryGet(type, out var value) && value.Length == 4;
        number = found ? BinaryPrimitives.ReadUInt32BigEndian(value) : 0;
        return found;
    }

    public bool TryGetUInt64(StunAttributeType type, out ulong number)
    {
        var found = TryGet(type, out var value) && value.Length == 8;
        number = found ? BinaryPrimitives.ReadUInt64BigEndian(value) : 0;
        return found;
    }

    /// <summary>USERNAME as bytes, at most 508; UTF-8 is not checked here (it is, after integrity).</summary>
    public bool TryGetUsername(out ReadOnlySpan<byte> username) => TryGetText(StunAttributeType.Username, StunLimits.MaxUsername, out username);

    public bool TryGetRealm(out ReadOnlySpan<byte> realm) => TryGetText(StunAttributeType.Realm, StunLimits.MaxRealm, out realm);

    public bool TryGetNonce(out ReadOnlySpan<byte> nonce) => TryGetText(StunAttributeType.Nonce, StunLimits.MaxNonce, out nonce);

    /// <summary>A text attribute of at most <paramref name="maxLength"/> bytes; a longer one counts as absent.</summary>
    public bool TryGetText(StunAttributeType type, int maxLength, out ReadOnlySpan<byte> text)
    {
        if (TryGet(type, out text) && text.Length <= maxLength)
            return true;
        text = default;
        return false;
    }

    /// <summary>USERHASH: SHA-256(username ":" realm), 32 bytes (RFC 8489 section 14.4).</summary>
    public bool TryGetUserhash(out ReadOnlySpan<byte> hash)
    {
        if (TryGet(StunAttributeType.Userhash, out hash) && hash.Length == Stun.Userhash.Length)
            return true;
        hash = default;
        return false;
    }

    /// <summary>ERROR-CODE: class 3 to 6, number 0 to 99 (RFC 8489 section 14.8).</summary>
    public bool TryGetErrorCode(out StunErrorCode code, out ReadOnlySpan<byte> reason)
    {
        if (TryGet(StunAttributeType.ErrorCode, out var value) && value.Length >= 4 && TryReadCode(value[2], value[3], out code))
        {
            reason = value[4..];
            return true;
        }

        code = StunErrorCode.None;
        reason = default;
        return false;
    }

    /// <summary>ADDRESS-ERROR-CODE: the family that could not be allocated, and why (RFC 8656 section 18.12).</summary>
    public bool TryGetAddressError(out IpFamily family, out StunErrorCode code)
    {
        family = IpFamily.None;
        code = StunErrorCode.None;
        return TryGet(StunAttributeType.AddressErrorCode, out var value) && value.Length >= 4
            && TryReadFamily(value[0], out family) && TryReadCode((byte)(value[2] & 7), value[3], out code);
    }

    /// <summary>UNKNOWN-ATTRIBUTES into the caller's span; returns how many were written.</summary>
    public int GetUnknownAttributes(Span<StunAttributeType> types)
    {
        var count = 0;
        if (TryGet(StunAttributeType.UnknownAttributes, out var value))
        {
            for (; value.Length >= 2 && count < types.Length; value = value[2..])
                types[count++] = (StunAttributeType)BinaryPrimitives.ReadUInt16BigEndian(value);
        }

        return count;
    }

    /// <summary>
    /// Comprehension-required attributes that are not in <paramref name="understood"/>, each once, into the caller's span
    /// (RFC 8489 section 6.3.1). Returns how many were written; 0 means that the message may be processed.
    /// </summary>
    public int FindUnknownRequired(ReadOnlySpan<StunAttributeType> understood, Span<StunAttributeType> unknown)
    {
        var count = 0;
        foreach (var attribute in this)
        {
            if (attribute.IsComprehensionRequired && count < unknown.Length
                && !understood.Contains(attribute.Type) && !unknown[..count].Contains(attribute.Type))
                unknown[count++] = attribute.Type;
        }

        return count;
    }

    public bool TryGetLifetime(out uint seconds) => TryGetUInt32(StunAttributeType.Lifetime, out seconds);

    /// <summary>CHANNEL-NUMBER as received; the caller checks the range 0x4000 to 0x4FFF (RFC 8656 section 18.1).</summary>
    public bool TryGetChannelNumber(out ushort channel)
    {
        var found = TryGetUInt32(StunAttributeType.ChannelNumber, out var number);
        channel = (ushort)(number >> 16);
        return found;
    }

    /// <summary>REQUESTED-TRANSPORT: an IP protocol number, 17 = UDP, 6 = TCP (RFC 8656 section 18.7).</summary>
    public bool TryGetRequestedTransport(out byte protocol)
    {
        var found = TryGetUInt32(StunAttributeType.RequestedTransport, out var number);
        protocol = (byte)(number >> 24);
        return found;
    }

    /// <summary>REQUESTED-ADDRESS-FAMILY or ADDITIONAL-ADDRESS-FAMILY; an undefined family number counts as malformed (false).</summary>
    public bool TryGetFamily(StunAttributeType type, out IpFamily family)
    {
        family = IpFamily.None;
        return TryGetUInt32(type, out var number) && TryReadFamily((byte)(number >> 24), out family);
    }

    /// <summary>EVEN-PORT with its R bit: reserve the next higher port as well (RFC 8656 section 18.6).</summary>
    public bool TryGetEvenPort(out bool reserveNext)
    {
        var found = TryGet(StunAttributeType.EvenPort, out var value) && value.Length == 1;
        reserveNext = found && (value[0] & 0x80) != 0;
        return found;
    }

    public bool TryGetReservationToken(out ulong token) => TryGetUInt64(StunAttributeType.ReservationToken, out token);

    public bool TryGetConnectionId(out uint id) => TryGetUInt32(StunAttributeType.ConnectionId, out id);

    /// <summary>CHANGE-REQUEST of RFC 5780 section 7.2.</summary>
    public bool TryGetChangeRequest(out bool changeIp, out bool changePort)
    {
        var found = TryGetUInt32(StunAttributeType.ChangeRequest, out var flags);
        changeIp = (flags & 4) != 0;
        changePort = (flags & 2) != 0;
        return found;
    }

    /// <summary>RESPONSE-PORT of RFC 5780 section 7.5: a port in the first two of four bytes.</summary>
    public bool TryGetResponsePort(out ushort port)
    {
        var found = TryGet(StunAttributeType.ResponsePort, out var value) && value.Length is 2 or 4;
        port = found ? BinaryPrimitives.ReadUInt16BigEndian(value) : (ushort)0;
        return found;
    }

    /// <summary>ICMP: type (7 bits), code (9 bits) and error data (RFC 8656 section 18.13).</summary>
    public bool TryGetIcmp(out IcmpError icmp)
    {
        var found = TryGetUInt64(StunAttributeType.Icmp, out var number);
        icmp = found ? new IcmpError((byte)((number >> 41) & 0x7F), (ushort)((number >> 32) & 0x1FF), (uint)number) : default;
        return found;
    }

    /// <summary>PASSWORD-ALGORITHM, the one the client chose (RFC 8489 section 14.12).</summary>
    public bool TryGetPasswordAlgorithm(out PasswordAlgorithm algorithm)
    {
        algorithm = PasswordAlgorithm.None;
        return TryGet(StunAttributeType.PasswordAlgorithm, out var value)
            && PasswordAlgorithms.TryReadOne(value, out algorithm, out var length) && length == value.Length;
    }

    private static bool TryReadFamily(byte number, out IpFamily family)
    {
        family = number is 1 or 2 ? (IpFamily)number : IpFamily.None;
        return family != IpFamily.None;
    }

    private static bool TryReadCode(byte @class, byte number, out StunErrorCode code)
    {
        var ok = (@class & 7) is >= 3 and <= 6 && @class < 8 && number < 100;
        code = ok ? (StunErrorCode)((@class * 100) + number) : StunErrorCode.None;
        return ok;
    }
}
