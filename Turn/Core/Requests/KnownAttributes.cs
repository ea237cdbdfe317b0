using MediaRelay.Stun;

namespace MediaRelay.Turn.Requests;

/// <summary>
/// Comprehension-required attributes that a relay understands, or may ignore because RFC 8489 and 8656 define them. Everything else
/// is answered 420; that includes CHANGE-REQUEST, RESPONSE-PORT and PADDING (RFC 5780), which relay listeners do not serve.
/// </summary>
internal static class KnownAttributes
{
    private const ulong Low = (1UL << (int)StunAttributeType.MappedAddress) | (1UL << (int)StunAttributeType.Username)
        | (1UL << (int)StunAttributeType.MessageIntegrity) | (1UL << (int)StunAttributeType.ErrorCode)
        | (1UL << (int)StunAttributeType.UnknownAttributes) | (1UL << (int)StunAttributeType.ChannelNumber)
        | (1UL << (int)StunAttributeType.Lifetime) | (1UL << (int)StunAttributeType.XorPeerAddress)
        | (1UL << (int)StunAttributeType.Data) | (1UL << (int)StunAttributeType.Realm) | (1UL << (int)StunAttributeType.Nonce)
        | (1UL << (int)StunAttributeType.XorRelayedAddress) | (1UL << (int)StunAttributeType.RequestedAddressFamily)
        | (1UL << (int)StunAttributeType.EvenPort) | (1UL << (int)StunAttributeType.RequestedTransport)
        | (1UL << (int)StunAttributeType.DontFragment) | (1UL << (int)StunAttributeType.AccessToken)
        | (1UL << (int)StunAttributeType.MessageIntegritySha256) | (1UL << (int)StunAttributeType.PasswordAlgorithm)
        | (1UL << (int)StunAttributeType.Userhash) | (1UL << (int)StunAttributeType.XorMappedAddress)
        | (1UL << (int)StunAttributeType.ReservationToken) | (1UL << (int)StunAttributeType.ConnectionId);

    public static bool IsKnown(StunAttributeType type) => (ushort)type < 64 && (Low & (1UL << (ushort)type)) != 0;

    /// <summary>Unknown comprehension-required attributes, each once; returns how many were written.</summary>
    public static int FindUnknown(in StunMessage message, bool knowsDontFragment, bool knowsAccessToken, Span<StunAttributeType> unknown)
    {
        var count = 0;
        foreach (var attribute in message)
        {
            var type = attribute.Type;
            if (!attribute.IsComprehensionRequired || count == unknown.Length)
            {
                continue;
            }

            var known = IsKnown(type)
                && (type != StunAttributeType.DontFragment || knowsDontFragment)
                && (type != StunAttributeType.AccessToken || knowsAccessToken);
            if (!known && !unknown[..count].Contains(type))
            {
                unknown[count++] = type;
            }
        }

        return count;
    }
}
