using System.Text;
using MediaRelay.Media.Congestion;
using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.Broker;

/// <summary>
/// One subscriber of a <see cref="CameraFeed"/>. It starts at the newest key frame that is still kept; frames between that
/// and now get time stamps 1 ms apart, so that the player shows the first picture at once and is live after the last
/// of them. Sequence numbers keep the camera's gaps, time stamps and numbers go on when the feed is switched.
/// Nothing is allocated per packet.
/// </summary>
public sealed class Viewer
{
    private const int MostResends = 256;

    /// <summary>A request waits no longer for its answer: the viewer has asked again or given up by then.</summary>
    private static readonly TimeSpan ResendLimit = TimeSpan.FromMilliseconds(500);

    private readonly ViewerStream _stream;
    private readonly byte[] _mid;
    private readonly long[] _resend = new long[MostResends];
    private readonly TimeSpan[] _resentAt = new TimeSpan[MostResends];
    private readonly long[] _resentNumber = new long[MostResends];
    private CameraFeed _feed;
    private long _cursor = -1, _start, _lateSeen, _numberOffset;
    private int _resendHead, _resendTail, _startFrame, _liveFrame;
    private readonly uint _firstTimestamp;
    private uint _liveTimestamp, _liveOut;
    private ushort _rtxSequence, _lastSequence;
    private bool _hasSent;
    private TimeSpan _lastAt;
    private bool _isParked;

    public Viewer(CameraFeed feed, ViewerStream stream)
    {
        ArgumentNullException.ThrowIfNull(feed);
        ArgumentNullException.ThrowIfNull(stream);
        (_feed, _stream) = (feed, stream);
        _mid = Encoding.ASCII.GetBytes(stream.Mid);
        (_lastSequence, _firstTimestamp, _rtxSequence) = ((ushort)(stream.FirstSequence - 1), stream.FirstTimestamp, (ushort)(stream.FirstSequence ^ 0x5555));
        Array.Fill(_resentNumber, -1);
    }

    public ViewerCounters Counters { get; } = new();

    /// <summary>Time stamp of the newest packet that was sent, for sender reports; see <see cref="LastSentAt"/>.</summary>
    public uint LastTimestamp { get; private set; }

    public TimeSpan LastSentAt => _lastAt;

    /// <summary>Nothing was sent yet because no key frame is known: the caller asked the feed for one.</summary>
    public bool IsWaiting => _cursor < 0;

    /// <summary>
    /// Sends key frames alone. Numbers go on without a gap, so that the viewer asks for nothing; switched off, it goes on at the next key frame.
    /// </summary>
    public bool KeyFramesOnly { get; set; }

    /// <summary>Goes on with another feed of the same format at its newest key frame.</summary>
    public void Switch(CameraFeed feed)
    {
        ArgumentNullException.ThrowIfNull(feed);
        (_feed, _cursor, _isParked) = (feed, -1, false);
        (_resendHead, _resendTail) = (0, 0);
    }

    /// <summary>
    /// Writes the next packet for this viewer; false when it has everything. Called until false after each
    /// <see cref="CameraFeed.Publish"/>, or with a bound on the number of packets to pace the start.
    /// </summary>
    public bool TryNext(Span<byte> buffer, TimeSpan now, out int length)
    {
        length = 0;
        if (_isParked && !TryLeavePark(now)) return false;
        if (_cursor < 0 && !TryStart(now)) return false;
        while (_lateSeen < _feed.LateCount)
        {
            var late = _feed.LatePacket(_lateSeen++);
            if (late >= _start && late < _cursor && TryWrite(late, buffer, out length)) return Sent(length, now);
        }
        var next = _feed.Buffer.Next;
        while (_cursor < next)
        {
            if (KeyFramesOnly && _feed.Buffer.TryGet(_cursor, out _, out var frame) && frame != _startFrame)
            {
                _isParked = true;
                return TryLeavePark(now) && TryNext(buffer, now, out length);
            }
            var number = _cursor++;
            if (TryWrite(number, buffer, out length))
            {
                _lastSequence = (ushort)(number + _numberOffset);
                LastTimestamp = OutTimestamp(buffer);
                return Sent(length, now);
            }
            if (number >= _feed.Buffer.Oldest) continue;
            // The ring has gone round: the newest key frame is the next good place.
            Counters.Jumps++;
            _cursor = -1;
            return TryStart(now) && TryNext(buffer, now, out length);
        }
        return false;
    }

    /// <summary>Takes feedback of the viewer about this stream; key-frame requests go on to the feed's commands.</summary>
    public void HandleRtcp(in RtcpPacket packet, TimeSpan now, List<FeedCommand> commands)
    {
        if (packet.IsPli && packet.MediaSsrc == _stream.Ssrc)
        {
            Counters.PliCount++;
            _feed.RequestKeyFrame(now, commands);
        }
        else if (packet.IsFir && packet.TryGetFir(_stream.Ssrc, out _))
        {
            Counters.FirCount++;
            _feed.RequestKeyFrame(now, commands);
        }
        else if (packet.IsNack && packet.MediaSsrc == _stream.Ssrc)
        {
            Counters.NackCount++;
            Span<ushort> lost = stackalloc ushort[MostResends];
            var count = packet.ReadNack(lost);
            for (var i = 0; i < count; i++) Queue(lost[i], now);
        }
    }

    /// <summary>
    /// Writes the next packet when the pacer allows one: what was asked for again before what is new. Retransmissions wait their turn too; sent at
    /// once, those of a full path fill it again, and nothing new leaves until their debt is paid. Without RTX nothing is sent again.
    /// </summary>
    public PacedPacket TryNextPaced(SendPacer? pacer, Span<byte> buffer, TimeSpan now, out int length)
    {
        length = 0;
        if (pacer is not null && !pacer.CanSend(now)) return PacedPacket.Waits;
        if (_stream.RtxSsrc is not null && TryNextRetransmission(buffer, now, out length)) return PacedPacket.Again;
        return TryNext(buffer, now, out length) ? PacedPacket.New : PacedPacket.None;
    }

    /// <summary>Writes the next retransmission that was asked for in the last half second; false when none is left.</summary>
    public bool TryNextRetransmission(Span<byte> buffer, TimeSpan now, out int length)
    {
        Span<byte> plain = stackalloc byte[2048];
        while (_resendHead != _resendTail)
        {
            var number = _resend[_resendHead];
            _resendHead = (_resendHead + 1) % MostResends;
            if (now - _resentAt[number % MostResends] > ResendLimit) continue;
            if (_stream.RtxSsrc is { } rtx)
            {
                if (!TryWrite(number, plain, out var plainLength) || !RtpPacket.TryRead(plain[..plainLength], out var packet)) continue;
                length = RtxPacket.Write(packet, _stream.RtxPayloadType, rtx, _rtxSequence, buffer);
                if (length == 0) continue;
                _rtxSequence++;
            }
            else if (!TryWrite(number, buffer, out length))
            {
                continue;
            }
            Counters.RetransmittedPacketsSent++;
            Counters.RetransmittedBytesSent += length;
            return true;
        }
        length = 0;
        return false;
    }

    // Nothing between two key frames is sent; the newest one is where to go on.
    private bool TryLeavePark(TimeSpan now)
    {
        var key = _feed.Buffer.KeyFrame;
        if (key <= _start) return false;
        Counters.PacketsSkipped += Math.Max(0, key - _cursor);
        (_cursor, _isParked) = (-1, false);
        return TryStart(now);
    }

    private bool TryStart(TimeSpan now)
    {
        var key = _feed.Format == FeedFormat.Audio ? _feed.Buffer.Next - 1 : _feed.Buffer.KeyFrame;
        if (key < 0 || !_feed.Buffer.TryGet(key, out _, out _startFrame)) return false;
        (_cursor, _start, _lateSeen) = (key, key, _feed.LateCount);
        (_liveTimestamp, _liveFrame) = (_feed.NewestTimestamp, _feed.NewestFrame);
        _numberOffset = (ushort)(_lastSequence + 1 - (ushort)key);
        var passed = _hasSent ? (uint)Math.Max(1, (now - _lastAt).TotalSeconds * _feed.ClockRate) : 0;
        var first = (_hasSent ? LastTimestamp : _firstTimestamp) + passed;
        _liveOut = first + (uint)(_liveFrame - _startFrame) * Step;
        return true;
    }

    // One millisecond: frames before "now" are to be shown at once.
    private uint Step => (uint)Math.Max(1, _feed.ClockRate / 1000);

    private bool Sent(int length, TimeSpan now)
    {
        Counters.PacketsSent++;
        Counters.BytesSent += length;
        (_hasSent, _lastAt) = (true, now);
        return true;
    }

    private void Queue(ushort sequence, TimeSpan now)
    {
        var number = SequenceNumber.Unwrap((ushort)(sequence - _numberOffset), _cursor - 1);
        if (_cursor < 0 || number < _start || number >= _cursor) return;
        // A second request within 15 ms means the first answer is still under way.
        var slot = number % MostResends;
        if (_resentNumber[slot] == number && now - _resentAt[slot] < TimeSpan.FromMilliseconds(15)) return;
        (_resentNumber[slot], _resentAt[slot]) = (number, now);
        var tail = (_resendTail + 1) % MostResends;
        if (tail == _resendHead) return;
        _resend[_resendTail] = number;
        _resendTail = tail;
    }

    private bool TryWrite(long number, Span<byte> buffer, out int length)
    {
        length = 0;
        if (!_feed.Buffer.TryGet(number, out var bytes, out var frame) || !RtpPacket.TryRead(bytes, out var packet)) return false;
        var timestamp = frame <= _liveFrame && frame >= _startFrame
            ? _liveOut - (uint)(_liveFrame - frame) * Step
            : _liveOut + (packet.Timestamp - _liveTimestamp);
        var room = RtpPacket.HeaderLength + packet.Payload.Length + (_stream.MidExtensionId > 0 ? 24 : 0) + (_stream.TransportSequenceId > 0 ? 8 : 0);
        if (buffer.Length < room) return false;
        var writer = new RtpWriter(buffer, new RtpHeader(_stream.PayloadType, packet.Marker, (ushort)(number + _numberOffset), timestamp, _stream.Ssrc));
        if (_stream.TransportSequenceId > 0) writer.TryAddExtension(_stream.TransportSequenceId, [0, 0]);
        if (_stream.MidExtensionId > 0) writer.TryAddExtension(_stream.MidExtensionId, _mid);
        if (!writer.TryWritePayload(packet.Payload)) return false;
        length = writer.Length;
        return true;
    }

    private static uint OutTimestamp(ReadOnlySpan<byte> packet) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
}
