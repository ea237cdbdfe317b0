using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Turn.Limits;
using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn;

/// <summary>
/// NAT behaviour discovery (RFC 5780): a Binding server with two addresses and two ports, on listeners of its own because
/// CHANGE-REQUEST sends answers from where the client did not ask. Answers of one source are limited, since their target may be
/// another port of it; no answer is much longer than its request.
/// </summary>
public sealed class NatDiscovery
{
    /// <summary>Size of a reply buffer that always suffices.</summary>
    public const int MaxReply = 1500;

    private const int PerSource = 20;
    private const int PerSourceBurst = 60;
    private const int MostGrowth = 128;

    private readonly TransportAddress _primary;
    private readonly TransportAddress _alternate;
    private readonly KeyedHash _hash;
    private readonly BucketTable _sources = new(PerSource, PerSourceBurst);

    /// <param name="primary">Primary address and port.</param>
    /// <param name="alternate">Another address with another port.</param>
    public NatDiscovery(TransportAddress primary, TransportAddress alternate, RandomNumberGenerator random)
    {
        _primary = primary;
        _alternate = alternate;
        _hash = new KeyedHash(random);
    }

    /// <summary>
    /// A datagram that came to <paramref name="at"/>, one of the four combinations. Returns the length of the reply, 0 for
    /// none, with the own address to send it from and its destination.
    /// </summary>
    public int Handle(ReadOnlySpan<byte> datagram, TransportAddress client, TransportAddress at, TimeSpan now, Span<byte> reply, out TransportAddress from, out TransportAddress to)
    {
        from = at;
        to = client;
        if (datagram.Length > StunLimits.MaxDatagramMessage || !StunMessage.TryRead(datagram, out var request, out _)
            || request.Class != StunClass.Request || request.Method != StunMethod.Binding
            || (request.HasFingerprint && !Fingerprint.Verify(request)) || client.Port == 0
            || !_sources.TryTake(_hash.LongOf([], client.Bits), now))
        {
            return 0;
        }

        Span<StunAttributeType> unknown = stackalloc StunAttributeType[8];
        ReadOnlySpan<StunAttributeType> understood =
            [StunAttributeType.ChangeRequest, StunAttributeType.Padding, StunAttributeType.ResponsePort, StunAttributeType.Username, StunAttributeType.MessageIntegrity];
        var count = request.FindUnknownRequired(understood, unknown);
        if (count > 0)
        {
            var refused = StunWriter.Reply(reply, request, StunClass.Error);
            refused.AddErrorCode(StunErrorCode.UnknownAttribute);
            refused.AddUnknownAttributes(unknown[..count]);
            return refused.Length;
        }

        var padding = request.TryGet(StunAttributeType.Padding, out var filler);
        var hasPort = request.TryGetResponsePort(out var port);

        // Section 7.6: a padded answer to another port would make the server a tool for floods.
        if (padding && hasPort)
        {
            var refused = StunWriter.Reply(reply, request, StunClass.Error);
            refused.AddErrorCode(StunErrorCode.BadRequest);
            return refused.Length;
        }

        if (hasPort && port != 0)
            to = client.WithPort(port);
        if (request.TryGetChangeRequest(out var changeIp, out var changePort))
            from = Other(at, changeIp, changePort);
        var writer = StunWriter.Reply(reply, request, StunClass.Success);
        writer.AddAddress(StunAttributeType.XorMappedAddress, client);
        writer.AddAddress(StunAttributeType.ResponseOrigin, from);
        writer.AddAddress(StunAttributeType.OtherAddress, Other(at, changeIp: true, changePort: true));
        if (padding)
            writer.AddInPlace(StunAttributeType.Padding, Math.Min(filler.Length, Math.Min(datagram.Length, MaxReply - MostGrowth - writer.Length))).Clear();
        return writer.Length;
    }

    private TransportAddress Other(TransportAddress at, bool changeIp, bool changePort)
    {
        var atPrimary = at.HasSameAddress(_primary);
        var address = atPrimary == changeIp ? _alternate : _primary;
        var port = (at.Port == _primary.Port) == changePort ? _alternate.Port : _primary.Port;
        return address.WithPort(port);
    }
}
