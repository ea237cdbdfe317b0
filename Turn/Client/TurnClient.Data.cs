using MediaRelay.Stun;

namespace MediaRelay.Turn.Client;

// The hot path: no allocation, no list, a verdict by value.
public sealed partial class TurnClient
{
    /// <summary>Most bytes that <see cref="Wrap"/> adds to a payload: a Send indication to an IPv6 peer with DONT-FRAGMENT.</summary>
    public const int MaxOverhead = StunLimits.HeaderLength + 24 + 4 + 4 + 3;

    /// <summary>
    /// Writes the message that carries the payload to the peer: ChannelData when a channel is bound, else a Send indication.
    /// Returns its length, or 0 when there is no permission for the peer or <paramref name="destination"/> is too small (payload
    /// plus <see cref="MaxOverhead"/> always suffices).
    /// </summary>
    public int Wrap(TransportAddress peer, ReadOnlySpan<byte> payload, TimeSpan now, Span<byte> destination)
    {
        var length = State == TurnClientState.Allocated ? WriteData(peer, payload, destination) : 0;
        if (length > 0)
            _lastSent = now;
        return length;
    }

    /// <summary>
    /// True when the message carries data from a peer: the payload lies at <paramref name="offset"/>. False for everything else,
    /// which belongs to <see cref="HandleReceived"/>; data of a peer without permission is dropped there.
    /// </summary>
    public bool TryUnwrap(ReadOnlySpan<byte> message, out TransportAddress peer, out int offset, out int length)
    {
        peer = default;
        offset = length = 0;
        if (ChannelData.TryRead(message, out var data))
        {
            var index = data.Number - ChannelData.FirstNumber;
            if (State != TurnClientState.Allocated || index >= _channelPeers.Count)
            {
                Counters.StrangerData++;
                return false;
            }

            peer = _channelPeers[index];
            offset = ChannelData.HeaderLength;
            length = data.Payload.Length;
            return true;
        }

        if (!StunMessage.LooksLikeStun(message) || message[0] != 0 || message[1] != 0x17 || !StunMessage.TryRead(message, out var indication, out _)
            || !indication.TryGet(StunAttributeType.Data, out var value) || !indication.TryGetAddress(StunAttributeType.XorPeerAddress, out peer))
            return false;
        if (!HasPermission(peer))
        {
            Counters.StrangerData++;
            return false;
        }

        _ = message.Overlaps(value, out offset);
        offset = value.IsEmpty ? message.Length : offset;
        length = value.Length;
        return true;
    }

    private int WriteData(TransportAddress peer, ReadOnlySpan<byte> payload, Span<byte> destination)
    {
        if (_channels.TryGetValue(peer, out var channel) && channel.IsInstalled)
            return WriteChannelData(channel.Channel, payload, destination);
        if (!HasPermission(peer))
            return 0;
        var writer = new StunWriter(destination, StunMethod.Send, StunClass.Indication, _ids.Next());
        writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
        if (_settings.DontFragment)
            writer.Add(StunAttributeType.DontFragment, []);
        writer.Add(StunAttributeType.Data, payload);
        return writer.Length;
    }

    private int WriteChannelData(ushort number, ReadOnlySpan<byte> payload, Span<byte> destination)
    {
        var size = _settings.IsStream ? ChannelData.StreamLength(payload.Length) : ChannelData.HeaderLength + payload.Length;
        if (size > destination.Length || payload.Length > ushort.MaxValue)
            return 0;
        ChannelData.WriteHeader(destination, number, payload.Length);
        payload.CopyTo(destination[ChannelData.HeaderLength..]);
        destination[(ChannelData.HeaderLength + payload.Length)..size].Clear();
        return size;
    }
}
