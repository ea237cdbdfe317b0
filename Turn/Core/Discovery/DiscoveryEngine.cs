using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Turn.Limits;
using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn.Discovery;

/// <summary>
/// The server side of NAT behaviour discovery (RFC 5780) for a listener of its own: relay listeners do not speak it, because it sends
/// answers to other ports than the question came from. Pure and stateless but for its rate budgets.
/// </summary>
/// <remarks>
/// Unlike the RFC, RESPONSE-PORT is honoured only to ports from 1024 up, and PADDING is never longer than in the request: otherwise
/// anybody could aim or amplify. Each request has at most one answer.
/// </remarks>
public sealed class DiscoveryEngine
{
    private readonly DiscoverySettings _settings;
    private readonly AnswerBudgets _budgets;

    public DiscoveryEngine(DiscoverySettings settings, RandomNumberGenerator random)
    {
        _settings = settings;
        var limits = new RelayLimits { AnswersPerSource = settings.AnswersPerSource, AnswersPerSourceBurst = settings.AnswersPerSource * 2, AnswersPerNode = settings.AnswersTotal };
        _budgets = new AnswerBudgets(limits, random);
    }

    /// <summary>Requests answered.</summary>
    public long Answered { get; private set; }

    /// <summary>Requests not answered because of the rate budgets.</summary>
    public long Withheld { get; private set; }

    /// <summary>Handles one message; the reply buffer should hold 2048 bytes.</summary>
    public DiscoveryReply HandleRequest(ReadOnlySpan<byte> request, TransportAddress from, DiscoverySocket receivedOn, TimeSpan now, Span<byte> reply)
    {
        if (!StunMessage.TryRead(request, out var message, out _) || message.Method != StunMethod.Binding || message.Class != StunClass.Request)
        {
            return default;
        }

        if (_settings.Transport == ClientTransport.Udp && !_budgets.TryAnswer(from, now))
        {
            Withheld++;
            return default;
        }

        Answered++;
        var length = Answer(message, from, receivedOn, reply, out var source, out var destination);
        return new DiscoveryReply(length, source, destination);
    }

    private int Answer(in StunMessage message, TransportAddress from, DiscoverySocket receivedOn, Span<byte> reply, out DiscoverySocket source, out TransportAddress destination)
    {
        source = receivedOn;
        destination = from;
        var hasChange = message.Has(StunAttributeType.ChangeRequest);
        var hasPort = message.Has(StunAttributeType.ResponsePort);
        var padding = message.TryGet(StunAttributeType.Padding, out var filler) ? filler.Length : -1;
        var isUdp = _settings.Transport == ClientTransport.Udp;
        Span<StunAttributeType> unknown = stackalloc StunAttributeType[8];
        var count = 0;
        foreach (var attribute in message)
        {
            var serves = attribute.Type switch
            {
                StunAttributeType.ChangeRequest => _settings.HasAlternate && isUdp,
                StunAttributeType.ResponsePort or StunAttributeType.Padding => isUdp,
                _ => Requests.KnownAttributes.IsKnown(attribute.Type),
            };
            if (attribute.IsComprehensionRequired && !serves && count < unknown.Length && !unknown[..count].Contains(attribute.Type))
            {
                unknown[count++] = attribute.Type;
            }
        }

        if (count > 0)
        {
            return Error(message, reply, StunErrorCode.UnknownAttribute, unknown[..count]);
        }

        var changeIp = false;
        var changePort = false;
        ushort port = 0;
        if ((hasPort && (padding >= 0 || !message.TryGetResponsePort(out port) || port < 1024))
            || (hasChange && !message.TryGetChangeRequest(out changeIp, out changePort)))
        {
            return Error(message, reply, StunErrorCode.BadRequest, []);
        }

        source = receivedOn ^ (DiscoverySocket)((changeIp ? 2 : 0) | (changePort ? 1 : 0));
        destination = hasPort ? from.WithPort(port) : from;
        var writer = new StunWriter(reply, StunMethod.Binding, StunClass.Success, message.TransactionId);
        writer.AddAddress(StunAttributeType.MappedAddress, from);
        writer.AddAddress(StunAttributeType.XorMappedAddress, from);
        writer.AddAddress(StunAttributeType.ResponseOrigin, _settings.AddressOf(source));
        if (_settings.HasAlternate)
        {
            writer.AddAddress(StunAttributeType.OtherAddress, _settings.AddressOf(receivedOn ^ DiscoverySocket.AlternateAlternate));
        }

        if (padding >= 0)
        {
            writer.AddInPlace(StunAttributeType.Padding, Math.Min(padding, _settings.MaxPadding)).Clear();
        }

        if (message.HasFingerprint)
        {
            writer.AddFingerprint();
        }

        return writer.Length;
    }

    private static int Error(in StunMessage message, Span<byte> reply, StunErrorCode code, scoped ReadOnlySpan<StunAttributeType> unknown)
    {
        var writer = new StunWriter(reply, StunMethod.Binding, StunClass.Error, message.TransactionId);
        writer.AddErrorCode(code);
        if (!unknown.IsEmpty)
        {
            writer.AddUnknownAttributes(unknown);
        }

        if (message.HasFingerprint)
        {
            writer.AddFingerprint();
        }

        return writer.Length;
    }
}
