using MediaRelay.Media.Congestion;
using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.Broker;

/// <summary>
/// One track (video or audio) of one publisher, shared by any number of viewers. Packets are copied once into a ring;
/// each <see cref="Viewer"/> reads from it at its own place. Requests for key frames are merged and limited in rate.
/// <code>
/// camera -> Publish -> [ ring of packets ... key frame ........ newest ]
///                              ^ lost packets   ^ new viewer    ^ live viewers
/// </code>
/// </summary>
public sealed class CameraFeed
{
    private const int LateSlots = 16;
    private const int MostAhead = 3000, MostBehind = 500;

    private readonly FeedLimits _limits;
    private readonly StreamRewriter _source;
    private readonly long[] _late = new long[LateSlots];
    private bool _keyFrameWanted;
    private TimeSpan? _requestedAt;
    private uint _ssrc;
    private ushort _lastSequence;

    /// <param name="format">How to see key frames.</param>
    /// <param name="clockRate">Ticks in a second.</param>
    /// <param name="limits">Memory and rates.</param>
    public CameraFeed(FeedFormat format, int clockRate, FeedLimits limits)
    {
        (Format, ClockRate, _limits) = (format, clockRate, limits);
        Buffer = new RetransmissionBuffer(limits.Packets, limits.Bytes);
        _source = new StreamRewriter(0, clockRate, 0, 0);
    }

    public FeedFormat Format { get; }

    public int ClockRate { get; }

    public FeedCounters Counters { get; } = new();

    /// <summary>Rate of the packets, for comparison with what a viewer's path takes.</summary>
    public RateMeter Rate { get; } = new();

    /// <summary>When a postponed key-frame request is due; null when none is.</summary>
    public TimeSpan? NextDeadline => _keyFrameWanted && _requestedAt is { } at ? at + _limits.KeyFrameInterval : null;

    internal RetransmissionBuffer Buffer { get; }

    /// <summary>Number of packets that came out of order so far.</summary>
    internal long LateCount { get; private set; }

    internal uint NewestTimestamp { get; private set; }

    internal int NewestFrame { get; private set; }

    internal long LatePacket(long index) => LateCount - index > LateSlots ? -1 : _late[index % LateSlots];

    /// <summary>
    /// Takes a packet from the publisher; false when it is refused. Then every viewer is pumped with <see cref="Viewer.TryNext"/>.
    /// A camera that comes back with another source, or starts its numbers anew, continues the stream.
    /// </summary>
    public bool Publish(ReadOnlySpan<byte> packet, TimeSpan now)
    {
        var before = Buffer.Next;
        if (!RtpPacket.TryRead(packet, out var rtp)) { Counters.Refused++; return false; }
        var isKey = Format switch { FeedFormat.H264 => H264Payload.StartsKeyFrame(rtp.Payload), FeedFormat.Jpeg => rtp.Payload is [_, 0, 0, 0, ..], _ => true };
        if (rtp.Ssrc == _ssrc && SequenceNumber.Distance(rtp.SequenceNumber, _lastSequence) is > MostAhead or < -MostBehind) _source.Switch();
        if (!_source.TryRewrite(rtp, rtp.PayloadType, now, out var header)) { Counters.Refused++; return false; }
        (_ssrc, _lastSequence) = (rtp.Ssrc, rtp.SequenceNumber);
        var number = Buffer.Add(rtp, header.SequenceNumber, header.Timestamp, isKey);
        if (number < 0) { Counters.Refused++; return false; }
        Counters.Packets++;
        Counters.Octets += rtp.Payload.Length;
        Rate.Add(packet.Length, now);
        if (isKey && Buffer.KeyFrame == number && Format != FeedFormat.Audio)
        {
            Counters.KeyFrames++;
            _keyFrameWanted = false;
        }
        if (number < before) _late[LateCount++ % LateSlots] = number;
        else if (Buffer.TryGet(number, out _, out var frame)) (NewestTimestamp, NewestFrame) = (header.Timestamp, frame);
        return true;
    }

    /// <summary>
    /// A viewer needs a key frame. Appends a request for the camera at once when the last one is long enough ago, else at
    /// <see cref="NextDeadline"/> unless a key frame comes before.
    /// </summary>
    public void RequestKeyFrame(TimeSpan now, List<FeedCommand> commands)
    {
        if (Format == FeedFormat.Audio) return;
        Counters.KeyFramesWanted++;
        _keyFrameWanted = true;
        HandleDeadline(now, commands);
    }

    /// <summary>Sends a postponed request when it is due; extra calls are harmless.</summary>
    public void HandleDeadline(TimeSpan now, List<FeedCommand> commands)
    {
        if (!_keyFrameWanted || (_requestedAt is { } at && now < at + _limits.KeyFrameInterval)) return;
        (_keyFrameWanted, _requestedAt) = (false, now);
        Counters.KeyFramesRequested++;
        commands.Add(FeedCommand.RequestKeyFrame);
    }
}
