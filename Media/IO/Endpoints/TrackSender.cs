using System.Buffers.Binary;
using MediaRelay.Media.Broker;
using MediaRelay.Media.IO.Sources;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>
/// Sends one stream to one viewer: a <see cref="Viewer"/> of the stream's feed, written straight into the transport's buffer.
/// Allocates nothing per packet.
/// </summary>
internal sealed class TrackSender(EndpointTransport transport, MediaSource source, uint ssrc, uint rtxSsrc, bool isVideo) : IStreamViewer
{
    private readonly List<FeedCommand> _commands = [];
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
            });
        }
        (_stream, _codec) = (stream, codec);
        Pump(now);
    }

    /// <summary>Sends everything the feed holds for this viewer, the first time from the newest key frame; asks for one when there is none.</summary>
    public void Pump(TimeSpan now)
    {
        if (_viewer is not { } viewer || transport.State is not (MediaEndpointState.Connected or MediaEndpointState.Disconnected)) return;
        while (viewer.TryNext(transport.Payload, now, out var length)) Send(length, now);
        if (viewer.IsWaiting && isVideo) Request(now);
    }

    public void HandlePublished(SourceStream stream, ReadOnlySpan<byte> packet, TimeSpan now) => Pump(now);

    public void HandleRestart(SourceStream stream) => _viewer?.Switch(stream.Feed);

    /// <summary>Feedback of the viewer: lost packets are sent again by RTX, key frames are asked of the source.</summary>
    public void HandleFeedback(in RtcpPacket packet, TimeSpan now)
    {
        if (_viewer is not { } viewer) return;
        viewer.HandleRtcp(packet, now, _commands);
        CarryOut();
        // Without RTX a repeat would reuse an SRTP index, which GCM forbids.
        if (_codec is not { SendRtx: >= 0 }) return;
        while (viewer.TryNextRetransmission(transport.Payload, out var length)) transport.SendRtp(length, now);
    }

    public void HandleReport(in ReportBlock report, uint arrivalMiddleNtp)
    {
        LastReport = report;
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
        if (!transport.SendRtp(length, now)) return;
        (_hasSent, _lastSentAt) = (true, now);
        Packets++;
        Octets += length - RtpPacket.HeaderLength;
        transport.Timeline.FirstPacketSent ??= now;
        if (isVideo) transport.Timeline.FirstKeyFrameSent ??= now;
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
