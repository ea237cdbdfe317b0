using MediaRelay.Stun;

namespace MediaRelay.Turn.Tests.Scenes;

/// <summary>What came back for one request.</summary>
internal sealed class Answer(byte[] bytes)
{
    public byte[] Bytes => bytes;

    public bool IsSilent => bytes.Length == 0;

    /// <summary>0 for success, the error code for an error, -1 for silence.</summary>
    public int Code
    {
        get
        {
            if (IsSilent)
            {
                return -1;
            }

            var message = Read();
            return message.Class == StunClass.Success ? 0 : message.TryGetErrorCode(out var code, out _) ? (int)code : -2;
        }
    }

    public StunMethod Method => Read().Method;

    public StunClass Class => Read().Class;

    public uint Lifetime => Read().TryGetLifetime(out var seconds) ? seconds : throw new InvalidOperationException("no LIFETIME");

    public byte[] Nonce => Text(StunAttributeType.Nonce);

    public bool Has(StunAttributeType type) => Read().Has(type);

    public int Count(StunAttributeType type)
    {
        var count = 0;
        foreach (var attribute in Read())
        {
            count += attribute.Type == type ? 1 : 0;
        }

        return count;
    }

    public TransportAddress Address(StunAttributeType type) => Read().TryGetAddress(type, out var address) ? address : default;

    public TransportAddress Relayed(IpFamily family)
    {
        foreach (var attribute in Read())
        {
            if (attribute.Type == StunAttributeType.XorRelayedAddress && Read().TryReadAddress(attribute, out var address) && address.Family == family)
            {
                return address;
            }
        }

        return default;
    }

    public byte[] Text(StunAttributeType type) => Read().TryGet(type, out var value) ? value.ToArray() : [];

    public bool Verifies(LongTermKey key) => Read().HasIntegritySha256
        ? MessageIntegrity.VerifySha256(Read(), key.Bytes)
        : MessageIntegrity.Verify(Read(), key.Bytes);

    public StunMessage Read() => StunMessage.TryRead(bytes, out var message, out var error) ? message : throw new InvalidOperationException($"The answer cannot be read: {error}.");
}
