using System.Buffers.Binary;
using MediaRelay.Media.IO.Sources;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>
/// Sends one stream to one viewer: own source number, payload type, sequence numbers and times; replays the packets since the last key
/// frame at the start; repeats lost packets by RTX (RFC 4588). Allocates nothing per packet.
/// </summary>
internal sealed class TrackSender(EndpointTransport transport, MediaSource source, uint ssrc, uint rtxSsrc, bool isVideo) : IStreamViewer
{
    private static readonly TimeSpan RepeatPause = TimeSpan.FromMilliseconds(20);

    private readonly TimeSpan[] _repeatedAt = new TimeSpan[1024];
    private SourceStream? _stream;
    private NegotiatedCodec? _codec;
    private ushort _sequenceOffset;
    private uint _timeOffset;
    private ushort _lastSequence;
    private uint _lastTimestamp;
    private TimeSpan _lastSentAt;
    private ushort _rtxSequence;
    private bool _hasSent;
    private bool _aligned;
    private bool _waitsForKey;

    public uint Ssrc => ssrc;

    public bool IsVideo => isVideo;

    public string CodecName => _codec?.Codec.Name ?? "";

    public NegotiatedCodec? Codec => _codec;

    public long Packets { get; private set; }

    public long Octets { get; private set; }

    public long RepeatedPackets { get; private set; }

    public long RepeatsMissed { get; private set; }

    public long NacksReceived { get; private set; }

    public long PlisReceived { get; private set; }

    public long KeyFramesSent { get; private set; }

    /// <summary>Newest report of the viewer about this source, and the round trip it gave.</summary>
    public ReportBlock LastReport { get; private set; }

    public TimeSpan? RoundTrip { get; private set; }

    /// <summary>Takes the stream that the source chose; null pauses.</summary>
    public void SetStream(SourceStream? stream, NegotiatedCodec? codec)
    {
        (_stream, _codec, _aligned, _waitsForKey) = (stream, codec, false, isVideo);
    }

    /// <summary>Called when keys exist: sends what is kept since the last key frame, or asks for one.</summary>
    public void Start(TimeSpan now)
    {
        if (_stream is not { } stream || !isVideo || !_waitsForKey) return;
        if (!stream.Ring.TryGetReplay(out var first, out var last))
        {
            source.RequestKeyFrame(stream, now);
            return;
        }
        for (var sequence = first; ; sequence++)
        {
            if (stream.TryGet(sequence, out var packet)) Send(packet, now);
            if (sequence == last) break;
        }
    }

    public void HandlePacket(SourceStream stream, in StreamPacket packet, TimeSpan now)
    {
        if (transport.State is not (MediaEndpointState.Connected or MediaEndpointState.Disconnected)) return;
        Send(packet, now);
    }

    public void HandleRestart(SourceStream stream) => (_aligned, _waitsForKey) = (false, isVideo);

    /// <summary>The viewer lost packets: sends them again when RTX was agreed and they are still kept.</summary>
    public void HandleNack(ReadOnlySpan<ushort> lost, TimeSpan now)
    {
        NacksReceived++;
        if (_stream is not { } stream || _codec is not { SendRtx: >= 0 } codec) return;
        foreach (var sequence in lost)
        {
            var original = (ushort)(sequence - _sequenceOffset);
            ref var repeated = ref _repeatedAt[original % _repeatedAt.Length];
            if (repeated != default && now - repeated < RepeatPause) continue;
            if (!stream.TryGet(original, out var packet))
            {
                RepeatsMissed++;
                continue;
            }
            repeated = now;
            SendRepeat(packet, sequence, codec.SendRtx, now);
        }
    }

    public void HandleKeyFrameRequest(TimeSpan now)
    {
        PlisReceived++;
        if (_stream is { } stream) source.RequestKeyFrame(stream, now);
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
        if (_stream is not { } stream || _codec is null || !_hasSent) return false;
        var (timestamp, arrived) = stream.Newest;
        var ahead = (uint)(long)((now - arrived).TotalSeconds * stream.Codec.ClockRate);
        report = new SenderReport(ssrc, ntp, timestamp + ahead + _timeOffset, (uint)Packets, (uint)Octets);
        return true;
    }

    private void Send(in StreamPacket packet, TimeSpan now)
    {
        if (_codec is null) return;
        if (_waitsForKey)
        {
            if (!packet.StartsKeyFrame) return;
            _waitsForKey = false;
        }
        if (!_aligned) Align(packet, now);
        var sequence = (ushort)(packet.Sequence + _sequenceOffset);
        var timestamp = packet.Timestamp + _timeOffset;
        var buffer = transport.Payload;
        var length = RtpPacket.HeaderLength + packet.Payload.Length;
        if (length > buffer.Length) return;
        _ = new RtpHeader((byte)_codec.SendPayloadType, packet.Marker, sequence, timestamp, ssrc).TryWrite(buffer);
        packet.Payload.CopyTo(buffer[RtpPacket.HeaderLength..]);
        if (!_hasSent || SequenceNumber.IsNewer(sequence, _lastSequence)) (_lastSequence, _lastTimestamp, _lastSentAt) = (sequence, timestamp, now);
        _hasSent = true;
        if (!transport.SendRtp(length, now)) return;
        Packets++;
        Octets += packet.Payload.Length;
        transport.Timeline.FirstPacketSent ??= now;
        if (!packet.StartsKeyFrame) return;
        KeyFramesSent++;
        transport.Timeline.FirstKeyFrameSent ??= now;
    }

    // Numbers and times go on without a jump when the stream changes under the viewer.
    private void Align(in StreamPacket packet, TimeSpan now)
    {
        _aligned = true;
        if (!_hasSent)
        {
            _sequenceOffset = (ushort)(ssrc >> 8);
            _timeOffset = ssrc * 2654435761;
            return;
        }
        _sequenceOffset = (ushort)(_lastSequence + 1 - packet.Sequence);
        var clock = _codec!.Codec.ClockRate;
        var passed = (uint)Math.Max(1, (now - _lastSentAt).TotalSeconds * clock);
        _timeOffset = _lastTimestamp + passed - packet.Timestamp;
    }

    private void SendRepeat(in StreamPacket packet, ushort sequence, int payloadType, TimeSpan now)
    {
        var buffer = transport.Payload;
        var length = RtpPacket.HeaderLength + 2 + packet.Payload.Length;
        if (length > buffer.Length) return;
        _ = new RtpHeader((byte)payloadType, packet.Marker, ++_rtxSequence, packet.Timestamp + _timeOffset, rtxSsrc).TryWrite(buffer);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[RtpPacket.HeaderLength..], sequence);
        packet.Payload.CopyTo(buffer[(RtpPacket.HeaderLength + 2)..]);
        if (transport.SendRtp(length, now)) RepeatedPackets++;
    }
}
