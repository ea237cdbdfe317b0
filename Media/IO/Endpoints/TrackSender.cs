using System.Buffers.Binary;
using MediaRelay.Media.Broker;
using MediaRelay.Media.Congestion;
using MediaRelay.Media.IO.Sources;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>
/// Sends one stream to one viewer: a <see cref="Viewer"/> of the stream's feed, written straight into the transport's buffer.
/// Bursts of video are paced. Allocates nothing per packet.
/// </summary>
internal sealed class TrackSender(EndpointTransport transport, MediaSource source, BandwidthEstimator estimator, uint ssrc, uint rtxSsrc, bool isVideo, Action schedule)
    : IStreamViewer
{
    private readonly List<FeedCommand> _commands = [];
    private readonly SendPacer _pacer = new(estimator);
    private readonly RateMeter _rate = new();
    private SourceStream? _stream;
    private NegotiatedCodec? _codec;
    private Viewer? _viewer;
    private ushort _lastSequence = (ushort)(ssrc >> 8);
    private uint _lastTimestamp = ssrc * 2654435761;
    private TimeSpan _lastSentAt;
    private bool _hasSent;

    public uint Ssrc => ssrc;

    public bool IsVideo => isVideo;

    public NegotiatedCodec? Codec => _codec;

    /// <summary>Id of the transport-wide sequence number extension; 0 when the peer takes none.</summary>
    public int TransportSequenceId { get; set; }

    /// <summary>What the viewer gets; video only.</summary>
    public QualityGovernor Governor { get; } = new();

    /// <summary>When paced packets go on; null when none wait.</summary>
    public TimeSpan? NextPump { get; private set; }

    /// <summary>Rate of the stream behind it in bit/s; 0 when unknown.</summary>
    public long StreamRate(TimeSpan now) => _stream?.Feed.Rate.BitsPerSecond(now) ?? 0;

    /// <summary>Counts of the present stream; null before the first.</summary>
    public ViewerCounters? Counters => _viewer?.Counters;

    public long Packets { get; private set; }

    public long Octets { get; private set; }

    /// <summary>Newest report of the viewer about this source, and the round trip it gave.</summary>
    public ReportBlock LastReport { get; private set; }

    public TimeSpan? RoundTrip { get; private set; }

    /// <summary>Takes the stream that the source chose; null pauses.</summary>
    public void SetStream(SourceStream? stream, NegotiatedCodec? codec, TimeSpan now)
    {
        if (stream is null || codec is null)
        {
            (_stream, _codec, _viewer) = (null, null, null);
            return;
        }
        if (_viewer is not null && codec.SendPayloadType == _codec?.SendPayloadType)
        {
            _viewer.Switch(stream.Feed);
        }
        else
        {
            var passed = _hasSent ? (uint)Math.Max(1, (now - _lastSentAt).TotalSeconds * codec.Codec.ClockRate) : 0;
            _viewer = new Viewer(stream.Feed, new ViewerStream(ssrc, (byte)codec.SendPayloadType, (ushort)(_lastSequence + 1), _lastTimestamp + passed)
            {
                RtxSsrc = codec.SendRtx >= 0 ? rtxSsrc : null,
                RtxPayloadType = (byte)Math.Max(0, codec.SendRtx),
                TransportSequenceId = TransportSequenceId,
            })
            { KeyFramesOnly = Governor.Quality == ViewerQuality.KeyFrames };
        }
        (_stream, _codec) = (stream, codec);
        Pump(now);
    }

    /// <summary>Sends everything the feed holds for this viewer, the first time from the newest key frame; asks for one when there is none.</summary>
    public void Pump(TimeSpan now)
    {
        NextPump = null;
        if (_viewer is not { } viewer || transport.State is not (MediaEndpointState.Connected or MediaEndpointState.Disconnected)) return;
        while (true)
        {
            switch (viewer.TryNextPaced(isVideo ? _pacer : null, transport.Payload, now, out var length))
            {
                case PacedPacket.New:
                    Send(length, now);
                    continue;
                case PacedPacket.Again:
                    Transmit(length, now);
                    continue;
                case PacedPacket.Waits:
                    NextPump = _pacer.NextAt();
                    schedule();
                    break;
            }
            break;
        }
        if (viewer.IsWaiting && isVideo) Request(now);
    }

    /// <summary>Key frames alone, or everything again from a key frame that is asked for.</summary>
    public void SetKeyFramesOnly(bool value, TimeSpan now)
    {
        if (_viewer is not { } viewer || viewer.KeyFramesOnly == value) return;
        viewer.KeyFramesOnly = value;
        if (!value && _stream is not null) Request(now);
    }

    public void HandlePublished(SourceStream stream, ReadOnlySpan<byte> packet, TimeSpan now) => Pump(now);

    public void HandleRestart(SourceStream stream) => _viewer?.Switch(stream.Feed);

    /// <summary>Feedback of the viewer: lost packets are sent again by RTX, key frames are asked of the source.</summary>
    public void HandleFeedback(in RtcpPacket packet, TimeSpan now)
    {
        if (_viewer is not { } viewer) return;
        viewer.HandleRtcp(packet, now, _commands);
        CarryOut();
        Pump(now);
    }

    public void HandleReport(in ReportBlock report, uint arrivalMiddleNtp, TimeSpan now)
    {
        LastReport = report;
        if (isVideo) estimator.HandleReport(report.FractionLost, _rate.BitsPerSecond(now), now);
        if (report.RoundTrip(arrivalMiddleNtp) is { } roundTrip) RoundTrip = roundTrip;
    }

    /// <summary>What a sender report says about this source now; false before the first packet.</summary>
    public bool TryReport(TimeSpan now, ulong ntp, out SenderReport report)
    {
        report = default;
        if (_codec is null || !_hasSent) return false;
        var ahead = (uint)(long)((now - _lastSentAt).TotalSeconds * _codec.Codec.ClockRate);
        report = new SenderReport(ssrc, ntp, _lastTimestamp + ahead, (uint)Packets, (uint)Octets);
        return true;
    }

    private void Send(int length, TimeSpan now)
    {
        var sequence = BinaryPrimitives.ReadUInt16BigEndian(transport.Payload[2..]);
        if (!_hasSent || SequenceNumber.IsNewer(sequence, _lastSequence))
        {
            _lastSequence = sequence;
            _lastTimestamp = BinaryPrimitives.ReadUInt32BigEndian(transport.Payload[4..]);
        }
        if (!Transmit(length, now)) return;
        (_hasSent, _lastSentAt) = (true, now);
        Packets++;
        Octets += length - RtpPacket.HeaderLength;
        transport.Timeline.FirstPacketSent ??= now;
        if (isVideo) transport.Timeline.FirstKeyFrameSent ??= now;
    }

    // The number counts all packets of the transport, so it is known only when the packet leaves.
    private bool Transmit(int length, TimeSpan now)
    {
        if (TransportSequenceId > 0)
            BinaryPrimitives.WriteUInt16BigEndian(transport.Payload[ViewerStream.TransportSequenceOffset..], estimator.HandleSent(length, now));
        _pacer.HandleSent(length);
        _rate.Add(length, now);
        return transport.SendRtp(length, now);
    }

    private void Request(TimeSpan now)
    {
        _stream!.Feed.RequestKeyFrame(now, _commands);
        CarryOut();
    }

    private void CarryOut()
    {
        if (_commands.Count == 0) return;
        _commands.Clear();
        source.RequestKeyFrame(_stream!);
    }
}
