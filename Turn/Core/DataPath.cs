using System.Buffers.Binary;
using MediaRelay.Stun;
using MediaRelay.Turn.Allocations;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn;

/// <summary>
/// The hot path: one verdict per datagram, by value, without allocation, lock or log. ChannelData and Send indications towards
/// peers, ChannelData and Data indications towards clients (RFC 8656 sections 11 and 12).
/// </summary>
internal sealed class DataPath(RelayState state)
{
    /// <summary>Bytes that TryForwardFromPeer may write in front of the payload: a Data indication with an IPv6 peer.</summary>
    public const int Headroom = 48;

    /// <summary>Bytes that it may write behind the payload: padding.</summary>
    public const int Tailroom = 3;

    /// <summary>Larger payloads would not fit the 16-bit length of a Data indication; no UDP path to a client carries them either.</summary>
    private const int MaxPayload = 65_000;

    private const int DataHeader = 4;

    private readonly RelayCounters _counters = state.Counters;
    private readonly bool _oldChannels = state.Settings.AllowsOldChannelNumbers;

    public bool TryForwardFromClient(ReadOnlySpan<byte> datagram, in FiveTuple from, byte trafficClass, TimeSpan now, out Forward forward)
    {
        if (ChannelData.LooksLikeChannelData(datagram) || (_oldChannels && datagram.Length >= ChannelData.HeaderLength && datagram[0] >> 6 == 1))
        {
            if (TryForwardChannelData(datagram, from, trafficClass, now, out forward))
            {
                return true;
            }

            _counters.DroppedChannelData++;
            return false;
        }

        // 0x0016 is a Send indication.
        if (datagram.Length >= StunLimits.HeaderLength && datagram[0] == 0 && datagram[1] == 0x16)
        {
            return TryForwardSend(datagram, from, trafficClass, now, out forward);
        }

        forward = default;
        return false;
    }

    public bool TryForwardFromPeer(RelayPort port, TransportAddress peer, Span<byte> buffer, int offset, int length, byte trafficClass, TimeSpan now, out Forward forward)
    {
        forward = default;
        var position = state.Ports[port.AddressIndex].HolderOf(port.Port);
        if (position < 0 || length > MaxPayload)
        {
            _counters.DroppedFromPeer++;
            return false;
        }

        ref var allocation = ref state.Allocations[position];
        var table = state.Allocations.Peers;
        var channel = table.FindChannel(ref allocation, peer, now);
        var permission = channel >= 0 ? table.Channel(channel).Permission - 1 : table.FindPermission(ref allocation, peer, now);
        if (permission < 0 || allocation.IsTcp || allocation.Of(peer.Family).Expires <= now || !IsOpen(ref table.Permission(permission), peer, now))
        {
            _counters.DroppedFromPeer++;
            return false;
        }

        if (!TryTake(ref allocation, length, toPeer: false, now))
        {
            return false;
        }

        allocation.PacketsToClient++;
        allocation.BytesToClient += length;
        _counters.PacketsToClient++;
        _counters.BytesToClient += length;
        var isStream = state.Listeners[allocation.Client.Listener].IsStream;
        int start;
        int size;
        if (channel >= 0)
        {
            start = offset - ChannelData.HeaderLength;
            ChannelData.WriteHeader(buffer[start..], table.Channel(channel).Number, length);
            size = ChannelData.HeaderLength + length;
            if (isStream)
            {
                size = Pad(buffer, offset, length) + ChannelData.HeaderLength;
            }
        }
        else
        {
            var header = WriteDataIndication(buffer, offset, length, peer);
            start = offset - header;
            size = header + Pad(buffer, offset, length);
        }

        forward = new Forward
        {
            Offset = start,
            Length = size,
            TrafficClass = isStream ? (byte)0 : trafficClass,
            Destination = allocation.Client.Client,
            Listener = allocation.Client.Listener,
            Connection = allocation.Client.Connection,
        };
        return true;
    }

    public bool TryCountStream(int position, int bytes, bool toPeer, TimeSpan now)
    {
        ref var allocation = ref state.Allocations[position];
        if (!TryTake(ref allocation, bytes, toPeer, now))
        {
            return false;
        }

        if (toPeer)
        {
            allocation.BytesToPeer += bytes;
            _counters.BytesToPeer += bytes;
        }
        else
        {
            allocation.BytesToClient += bytes;
            _counters.BytesToClient += bytes;
        }

        return true;
    }

    private static int Pad(Span<byte> buffer, int offset, int length)
    {
        var padded = (length + 3) & ~3;
        buffer[(offset + length)..(offset + padded)].Clear();
        return padded;
    }

    private bool TryForwardChannelData(ReadOnlySpan<byte> datagram, in FiveTuple from, byte trafficClass, TimeSpan now, out Forward forward)
    {
        forward = default;
        int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if (ChannelData.HeaderLength + length > datagram.Length)
        {
            return false;
        }

        var position = Find(from);
        if (position < 0)
        {
            return false;
        }

        ref var allocation = ref state.Allocations[position];
        var table = state.Allocations.Peers;
        var found = table.FindChannel(ref allocation, BinaryPrimitives.ReadUInt16BigEndian(datagram), now);
        if (found < 0)
        {
            return false;
        }

        ref var channel = ref table.Channel(found);
        ref var relayed = ref allocation.Of(channel.Peer.Family);
        if (channel.Permission == 0 || allocation.IsTcp || table.Permission(channel.Permission - 1).Expires <= now || relayed.Expires <= now)
        {
            return false;
        }

        return TrySend(ref allocation, relayed.Port, channel.Peer, ChannelData.HeaderLength, length, trafficClass, dontFragment: false, from, now, out forward);
    }

    private bool TryForwardSend(ReadOnlySpan<byte> datagram, in FiveTuple from, byte trafficClass, TimeSpan now, out Forward forward)
    {
        forward = default;
        var position = Find(from);
        if (position < 0
            || !StunMessage.TryRead(datagram, out var message, out _)
            || !TryReadSend(message, datagram, out var peer, out var offset, out var length, out var dontFragment))
        {
            _counters.DroppedSend++;
            return false;
        }

        ref var allocation = ref state.Allocations[position];
        var table = state.Allocations.Peers;
        var permission = table.FindPermission(ref allocation, peer, now);
        ref var relayed = ref allocation.Of(peer.Family);
        if (permission < 0 || allocation.IsTcp || relayed.Expires <= now || (dontFragment && !state.Settings.SupportsDontFragment))
        {
            _counters.DroppedSend++;
            return false;
        }

        if (!IsOpen(ref table.Permission(permission), peer, now))
        {
            _counters.DroppedForbiddenPeer++;
            return false;
        }

        return TrySend(ref allocation, relayed.Port, peer, offset, length, trafficClass, dontFragment, from, now, out forward);
    }

    /// <summary>Finds the first XOR-PEER-ADDRESS and DATA; unknown comprehension-required attributes void an indication.</summary>
    private static bool TryReadSend(in StunMessage message, ReadOnlySpan<byte> datagram, out TransportAddress peer, out int offset, out int length, out bool dontFragment)
    {
        peer = default;
        offset = -1;
        length = 0;
        dontFragment = false;
        foreach (var attribute in message)
        {
            switch (attribute.Type)
            {
                case StunAttributeType.Data when offset < 0:
                    length = attribute.Value.Length;
                    offset = OffsetOf(datagram, attribute.Value);
                    break;
                case StunAttributeType.XorPeerAddress when peer.IsNone:
                    if (!message.TryGetAddress(StunAttributeType.XorPeerAddress, out peer))
                    {
                        return false;
                    }

                    break;
                case StunAttributeType.DontFragment:
                    dontFragment = true;
                    break;
                case StunAttributeType.Data or StunAttributeType.XorPeerAddress:
                    break;
                default:
                    if (attribute.IsComprehensionRequired && !Requests.KnownAttributes.IsKnown(attribute.Type))
                    {
                        return false;
                    }

                    break;
            }
        }

        return offset >= 0 && !peer.IsNone;
    }

    private static int OffsetOf(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> part) =>
        part.IsEmpty ? datagram.Length : datagram.Overlaps(part, out var offset) ? offset : datagram.Length;

    private bool TrySend(ref Allocation allocation, RelayPort port, TransportAddress peer, int offset, int length, byte trafficClass, bool dontFragment, in FiveTuple from, TimeSpan now, out Forward forward)
    {
        forward = default;
        if (!TryTake(ref allocation, length, toPeer: true, now))
        {
            return false;
        }

        allocation.PacketsToPeer++;
        allocation.BytesToPeer += length;
        _counters.PacketsToPeer++;
        _counters.BytesToPeer += length;
        var listener = state.Listeners[from.Listener];
        forward = new Forward
        {
            Offset = offset,
            Length = length,
            Port = port,
            Destination = peer,
            // Over UDP both fields are copied; a stream has one DSCP for all and no meaning for ECN (sections 14 and 15).
            TrafficClass = listener.IsStream ? (byte)(trafficClass & 0xFC) : trafficClass,
            // Between UDP sockets of different families, or of IPv6, the attribute is ignored (section 13).
            DontFragment = dontFragment && (listener.IsStream || (from.Client.IsV4 && peer.IsV4)),
        };
        return true;
    }

    private int Find(in FiveTuple from)
    {
        var position = state.Allocations.Find(from);
        return position < 0 && state.Allocations.Mobility is { } mobility ? mobility.FindMoved(from) : position;
    }

    private bool IsOpen(ref Permission permission, TransportAddress peer, TimeSpan now) =>
        permission.Expires > now && peer.Port != 0 && (!permission.ChecksPort || state.Peers.IsOpenPort(peer));

    private bool TryTake(ref Allocation allocation, int length, bool toPeer, TimeSpan now)
    {
        var limits = state.Limits;
        var cost = allocation.ByteCost;
        if (cost != 0)
        {
            ref var own = ref toPeer ? ref allocation.ToPeer : ref allocation.ToClient;
            if (!own.TryTake(now, length, cost, BurstTokens(cost)))
            {
                _counters.DroppedBandwidth++;
                return false;
            }
        }

        if (limits.SubscriberBitRate > 0)
        {
            ref var subscriber = ref state.Users.SubscriberOf(allocation.User);
            ref var shared = ref toPeer ? ref subscriber.ToPeer : ref subscriber.ToClient;
            var sharedCost = state.SubscriberByteCost;
            if (!shared.TryTake(now, length, sharedCost, BurstTokens(sharedCost)))
            {
                _counters.DroppedBandwidth++;
                return false;
            }
        }

        return true;
    }

    // Tokens that the burst time is worth; never below one full datagram.
    private long BurstTokens(long cost) => Math.Max(1500, state.BurstUnits / cost);

    private int WriteDataIndication(Span<byte> buffer, int offset, int length, TransportAddress peer)
    {
        var addressLength = peer.IsV4 ? 8 : 20;
        var header = StunLimits.HeaderLength + 4 + addressLength + DataHeader;
        var message = buffer[(offset - header)..offset];
        BinaryPrimitives.WriteUInt16BigEndian(message, 0x0017); // Data indication
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], (ushort)(4 + addressLength + DataHeader + ((length + 3) & ~3)));
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], StunLimits.MagicCookie);
        state.Random.Fill(message.Slice(8, 12));
        BinaryPrimitives.WriteUInt16BigEndian(message[20..], (ushort)StunAttributeType.XorPeerAddress);
        BinaryPrimitives.WriteUInt16BigEndian(message[22..], (ushort)addressLength);
        message[24] = 0;
        message[25] = (byte)peer.Family;
        BinaryPrimitives.WriteUInt16BigEndian(message[26..], (ushort)(peer.Port ^ (StunLimits.MagicCookie >> 16)));
        peer.WriteAddress(message[28..]);
        for (var i = 0; i < addressLength - 4; i++)
        {
            message[28 + i] ^= message[4 + i]; // cookie, then transaction id
        }

        BinaryPrimitives.WriteUInt16BigEndian(message[(header - 4)..], (ushort)StunAttributeType.Data);
        BinaryPrimitives.WriteUInt16BigEndian(message[(header - 2)..], (ushort)length);
        return header;
    }
}
