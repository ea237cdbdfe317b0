using MediaRelay.Stun;
using MediaRelay.Turn.IO.Sockets;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>The way of datagrams: verdict from the engine, then into the send batch. No allocation, no lock, no log.</summary>
internal sealed unsafe partial class RelayShard
{
    private const int PaddingRoom = RelayEngine.Tailroom;

    private void HandleFromClient(in ReceivedDatagram entry, ushort listener)
    {
        if (entry.Error != 0)
        {
            ReadErrors(_settings.Sockets[entry.Token].Descriptor, default);
            return;
        }

        if (_settings.Sockets[entry.Token].IsMedia)
            _trains.Count(entry.Length, entry.SegmentSize);
        var from = new FiveTuple(entry.From, listener);
        if (from.Client.Port == 0)
            return;
        for (var at = 0; at < entry.Length || at == 0; at += entry.SegmentSize)
        {
            var length = Math.Min(entry.SegmentSize, entry.Length - at);
            HandleFromClient(entry.Payload + at, length, in from, entry.TrafficClass, _settings.Sockets[entry.Token].Descriptor);
            if (entry.SegmentSize == 0)
                return;
        }
    }

    private void HandleFromClient(byte* datagram, int length, in FiveTuple from, byte trafficClass, int descriptor)
    {
        var bytes = new ReadOnlySpan<byte>(datagram, length);
        if (_redirects.Count > 0 && _redirects.TryGetValue(from, out var owner))
        {
            _ = Siblings[owner].Inbox.TryPostHandOver(in from, bytes, Index);
            return;
        }

        if (_engine.TryForwardFromClient(bytes, in from, trafficClass, _now, out var forward))
            SendToPeer(in forward, datagram);
        else if (length > 0 && datagram[0] <= 3)
            HandleRequest(bytes, in from, descriptor);
    }

    private void SendToPeer(in Forward forward, byte* datagram)
    {
        var descriptor = RelaySocket(forward.Port);
        if (descriptor <= 0)
            return;
        if (forward.DontFragment)
        {
            // No control message sets DF for one datagram, so the socket is switched around a send of its own.
            _loop.Flush();
            _ = DatagramSocket.Set(descriptor, LibC.SolIp, LibC.IpMtuDiscover, 2);
            _loop.Send(descriptor, forward.Destination, datagram + forward.Offset, forward.Length, forward.TrafficClass);
            _loop.Flush();
            _ = DatagramSocket.Set(descriptor, LibC.SolIp, LibC.IpMtuDiscover, 0);
            return;
        }

        _loop.Send(descriptor, forward.Destination, datagram + forward.Offset, forward.Length, forward.TrafficClass);
    }

    private void HandleFromPeer(in ReceivedDatagram entry)
    {
        var port = PortOf(entry.Token);
        if (entry.Error != 0)
        {
            ReadErrors(RelaySocket(port), port);
            return;
        }

        var peer = entry.From;
        if (entry.SegmentSize >= entry.Length)
        {
            if (_trains.CompletesRun(entry.Token, entry.Length))
                _ = DatagramSocket.Set(RelaySocket(port), LibC.SolUdp, LibC.UdpGro, 1);
            ForwardFromPeer(port, peer, entry.Payload, entry.Length, entry.TrafficClass);
            return;
        }

        for (var at = 0; at < entry.Length; at += entry.SegmentSize)
            ForwardFromTrain(port, peer, entry.Payload + at, Math.Min(entry.SegmentSize, entry.Length - at), entry.TrafficClass);
    }

    private void ForwardFromPeer(RelayPort port, TransportAddress peer, byte* payload, int length, byte trafficClass)
    {
        var buffer = new Span<byte>(payload - DatagramLoop.Headroom, DatagramLoop.Headroom + length + PaddingRoom);
        if (_engine.TryForwardFromPeer(port, peer, buffer, DatagramLoop.Headroom, length, trafficClass, _now, out var forward))
            SendToClient(in forward, payload - DatagramLoop.Headroom + forward.Offset);
    }

    /// <summary>
    /// A datagram inside a train has its neighbours' bytes around it, which are still to be sent: the header is made in place, copied
    /// out as the prefix of a gathering send, and the bytes it covered are put back.
    /// </summary>
    private void ForwardFromTrain(RelayPort port, TransportAddress peer, byte* payload, int length, byte trafficClass)
    {
        Span<byte> prefix = stackalloc byte[DatagramLoop.Headroom];
        var before = new Span<byte>(payload - DatagramLoop.Headroom, DatagramLoop.Headroom);
        before.CopyTo(prefix);
        var behind = *(uint*)(payload + length);
        var buffer = new Span<byte>(payload - DatagramLoop.Headroom, DatagramLoop.Headroom + length + PaddingRoom);
        var forwarded = _engine.TryForwardFromPeer(port, peer, buffer, DatagramLoop.Headroom, length, trafficClass, _now, out var forward);
        if (!forwarded)
            return;
        var headerLength = DatagramLoop.Headroom - forward.Offset;
        if (forward.Connection == 0 && forward.Length == headerLength + length)
        {
            Span<byte> header = stackalloc byte[DatagramLoop.Headroom];
            before[forward.Offset..].CopyTo(header);
            prefix.CopyTo(before);
            _loop.SendWithPrefix(_settings.Sockets[MediaSocketOf(forward.Listener)].Descriptor, forward.Destination, header[..headerLength], payload, length, forward.TrafficClass);
            return;
        }

        // A padded message, or one for a stream: its bytes leave the train.
        var copy = NextReply(out var memory);
        if (forward.Length <= copy.Length)
        {
            buffer.Slice(forward.Offset, forward.Length).CopyTo(copy);
            _replyAt += (forward.Length + 63) & ~63;
            SendToClient(in forward, memory);
        }

        prefix.CopyTo(before);
        *(uint*)(payload + length) = behind;
    }

    private void SendToClient(in Forward forward, byte* data)
    {
        if (forward.Connection == 0)
            _loop.Send(_settings.Sockets[MediaSocketOf(forward.Listener)].Descriptor, forward.Destination, data, forward.Length, forward.TrafficClass);
        else if (_clients.TryGetValue(forward.Connection, out var client) && !client.TrySend(new ReadOnlySpan<byte>(data, forward.Length), isMedia: true))
            Counters.DroppedSlowClient++;
    }

    private int MediaSocketOf(ushort listener)
    {
        var sockets = _settings.Sockets;
        for (var i = 0; i < sockets.Count; i++)
        {
            if (sockets[i].Listener == listener)
                return i;
        }

        return 0;
    }

    /// <summary>Empties the error queue of a socket and tells the engine of ICMP errors; ports have a budget so that a storm of errors stays cheap.</summary>
    private void ReadErrors(int descriptor, RelayPort? port)
    {
        const int MostPerTurn = 16;
        for (var i = 0; i < MostPerTurn && descriptor > 0 && DatagramSocket.TryReadError(descriptor, out var report); i++)
        {
            if (port is { } relay && report.IsIcmp)
                HandleIcmp(relay, report);
        }
    }
}
