using MediaRelay.Media.Congestion;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Net;
using MediaRelay.Media.IO.Sources;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;
using AudioLevel = MediaRelay.Media.IO.Audio.AudioLevel;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>What one endpoint sends and receives once offer and answer are done: senders, receivers and RTCP. On the loop only.</summary>
internal sealed class EndpointMedia(MediaEndpointSettings settings, EndpointTransport transport, EndpointNegotiation negotiation, TimeProvider time,
    MediaLoop loop, TalkBackPath? talkBack, AudioLevel level, MediaSource? published, Action<ViewerQuality, long, long> qualityChanged) : LoopMember
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan GovernInterval = TimeSpan.FromMilliseconds(200);
    private const int MostReceivers = 8;

    private readonly List<SourceSubscription> _subscriptions = [];
    private readonly TransportWideReceiver _arrivals = new();
    private readonly byte[] _scratch = new byte[MediaPacket.Capacity];
    private readonly byte[] _feedback = new byte[1100];
    private readonly ushort[] _lost = new ushort[128];
    private NegotiatedSession? _session;
    private TimeSpan? _nextReport;
    private TimeSpan? _nextGovern;
    private uint _arrivalSsrc;

    public List<TrackSender> Senders { get; } = [];

    public List<TrackReceiver> Receivers { get; } = [];

    /// <summary>What the path to the peer takes.</summary>
    public BandwidthEstimator Bandwidth { get; } = new();

    public override TimeSpan? NextDeadline
    {
        get
        {
            var next = Earlier(Earlier(_nextReport, _nextGovern), _arrivals.NextDeadline);
            foreach (var sender in Senders) next = Earlier(next, sender.NextPump);
            foreach (var receiver in Receivers)
            {
                next = Earlier(next, receiver.Nacks?.NextDeadline);
            }
            return next;
        }
    }

    /// <summary>Takes the outcome of offer and answer; subscribes and unsubscribes what changed.</summary>
    public void Apply(NegotiatedSession session, TimeSpan now)
    {
        _session = session;
        var source = settings.Source;
        foreach (var old in _subscriptions) source!.Unsubscribe(old);
        _subscriptions.Clear();
        foreach (var media in session.Media)
        {
            if (media.IsRejected || source is null || (media.Direction & MediaDirection.SendOnly) == 0 || media.Kind is not ("video" or "audio")) continue;
            var isVideo = media.Kind == "video";
            var sender = Senders.Find(s => s.IsVideo == isVideo);
            if (sender is null)
            {
                sender = new TrackSender(transport, source, Bandwidth, isVideo ? negotiation.VideoSsrc : negotiation.AudioSsrc, negotiation.VideoRtxSsrc, isVideo, () => loop.Schedule(this));
                Senders.Add(sender);
            }
            if (isVideo) sender.TransportSequenceId = SequenceExtension(media);
            _subscriptions.Add(source.Subscribe(isVideo ? MediaKind.Video : MediaKind.Audio, media.Codecs, sender, (stream, codec) =>
            {
                sender.SetStream(stream, codec, loop.Now);
            }, isVideo && sender.Governor.Quality == ViewerQuality.Reduced));
        }
        if (published is not null) AnnouncePublished(session);
        if (transport.State == MediaEndpointState.Connected) Start(now);
    }

    /// <summary>Keys exist: media flows from now on.</summary>
    public void Start(TimeSpan now)
    {
        foreach (var sender in Senders) sender.Pump(now);
        _nextReport ??= now + ReportInterval;
        if (Senders.Exists(s => s.IsVideo)) _nextGovern ??= now + GovernInterval;
        loop.Schedule(this);
    }

    public void Stop()
    {
        foreach (var subscription in _subscriptions) settings.Source!.Unsubscribe(subscription);
        _subscriptions.Clear();
        (_nextReport, _nextGovern) = (null, null);
    }

    public void HandleRtp(ReadOnlySpan<byte> bytes, TimeSpan now)
    {
        if (_session is null || !RtpPacket.TryRead(bytes, out var packet) || Find(packet, out var isRtx) is not { } receiver) return;
        if (receiver.IsVideo) NoteArrival(receiver.Media, packet, now);
        if (isRtx)
        {
            var length = RtxPacket.Restore(packet, (byte)receiver.Codec.ReceivePayloadType, receiver.Ssrc, _scratch);
            if (length == 0) return;
            receiver.Nacks?.Handle(System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(_scratch.AsSpan(2)), now);
            Publish(receiver, _scratch.AsSpan(0, length));
            return;
        }
        receiver.Statistics.Handle(packet.SequenceNumber, packet.Timestamp, packet.Payload.Length, now);
        if (receiver.Nacks is { } nacks && published is not null)
        {
            nacks.Handle(packet.SequenceNumber, now);
            loop.Schedule(this);
        }
        if (receiver.Media.Kind == "audio") HandleAudio(receiver, packet);
        Publish(receiver, bytes);
    }

    public void HandleRtcp(ReadOnlySpan<byte> bytes, TimeSpan now)
    {
        if (!RtcpReader.TryRead(bytes, out var reader)) return;
        var middleNtp = (uint)(SenderReport.ToNtp(time.GetUtcNow()) >> 16);
        foreach (var packet in reader)
        {
            if (packet.TryGetSender(out var report)) FindReceiver(report.Ssrc)?.Statistics.HandleSenderReport(report, now);
            for (var i = 0; i < packet.ReportCount; i++)
            {
                var block = packet.Report(i);
                FindSender(block.Ssrc)?.HandleReport(block, middleNtp, now);
            }
            if (packet.Type == RtcpType.TransportFeedback && packet.Count == RtcpPacket.TransportWideFormat && packet.Body.Length >= 8) Bandwidth.HandleTransportFeedback(packet.Body[8..], now);
            else if (packet.TryGetRemb(out var limit)) Bandwidth.HandleRemb(limit, now);
            foreach (var sender in Senders) sender.HandleFeedback(packet, now);
        }
    }

    /// <summary>Asks the peer for a key frame of what it sends, for a viewer of <see cref="MediaEndpoint.Received"/>.</summary>
    public void RequestKeyFrame(TimeSpan now)
    {
        foreach (var receiver in Receivers)
        {
            if (receiver.Media.Kind != "video") continue;
            var writer = new RtcpWriter(transport.Payload);
            if (writer.TryAddReceiverReport(OwnSsrc) && writer.TryAddPli(OwnSsrc, receiver.Ssrc)) transport.SendRtcp(writer.Length, now);
        }
    }

    public override void HandleDeadline(TimeSpan now)
    {
        foreach (var sender in Senders)
        {
            if (sender.NextPump <= now) sender.Pump(now);
        }
        foreach (var receiver in Receivers) AskAgain(receiver, now);
        if (_arrivals.NextDeadline <= now) TellArrivals(now);
        if (_nextGovern <= now) Govern(now);
        if (_nextReport is not { } due || due > now) return;
        _nextReport = now + ReportInterval;
        if (transport.State != MediaEndpointState.Connected) return;
        Span<ReportBlock> blocks = stackalloc ReportBlock[MostReceivers];
        var count = 0;
        foreach (var receiver in Receivers) blocks[count++] = receiver.Statistics.TakeReport(now);
        var ntp = SenderReport.ToNtp(time.GetUtcNow());
        var sent = false;
        foreach (var sender in Senders)
        {
            if (!sender.TryReport(now, ntp, out var report)) continue;
            var writer = new RtcpWriter(transport.Payload);
            if (!writer.TryAddSenderReport(report, sent ? default : blocks[..count]) || !writer.TryAddCname(sender.Ssrc, "mediarelay"u8)) continue;
            transport.SendRtcp(writer.Length, now);
            sent = true;
        }
        if (sent || count == 0) return;
        var receiverReport = new RtcpWriter(transport.Payload);
        if (receiverReport.TryAddReceiverReport(OwnSsrc, blocks[..count]) && receiverReport.TryAddCname(OwnSsrc, "mediarelay"u8))
            transport.SendRtcp(receiverReport.Length, now);
    }

    private uint OwnSsrc => Senders.Count > 0 ? Senders[0].Ssrc : negotiation.AudioSsrc;

    private void AskAgain(TrackReceiver receiver, TimeSpan now)
    {
        if (receiver.Nacks is not { } nacks || nacks.NextDeadline is not { } due || due > now) return;
        var count = nacks.TakeDue(now, _lost);
        if (nacks.NeedsKeyFrame)
        {
            nacks.Clear();
            RequestKeyFrame(now);
        }
        if (count == 0) return;
        var writer = new RtcpWriter(transport.Payload);
        if (writer.TryAddReceiverReport(OwnSsrc) && writer.TryAddNack(OwnSsrc, receiver.Ssrc, _lost.AsSpan(0, count))) transport.SendRtcp(writer.Length, now);
    }

    private static TimeSpan? Earlier(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b : a;

    // Only the one-byte form of extensions is written, which has the ids 1 to 14.
    private static int SequenceExtension(NegotiatedMedia media) =>
        media.ExtensionId(HeaderExtension.TransportSequenceNumber) is > 0 and < 15 and var id && media.Codecs.Any(c => c.HasFeedback("transport-cc")) ? id : 0;

    private void NoteArrival(NegotiatedMedia media, in RtpPacket packet, TimeSpan now)
    {
        if (media.ExtensionId(HeaderExtension.TransportSequenceNumber) is not (> 0 and var id) || !packet.TryGetExtension(id, out var value) || value.Length < 2) return;
        _arrivalSsrc = packet.Ssrc;
        _arrivals.Handle(System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(value), now);
        loop.Schedule(this);
    }

    private void TellArrivals(TimeSpan now)
    {
        var length = _arrivals.Write(_feedback);
        if (length == 0) return;
        var writer = new RtcpWriter(transport.Payload);
        if (writer.TryAddReceiverReport(OwnSsrc)
            && writer.TryAddFeedback(RtcpType.TransportFeedback, RtcpPacket.TransportWideFormat, OwnSsrc, _arrivalSsrc, _feedback.AsSpan(0, length))) transport.SendRtcp(writer.Length, now);
    }

    // A viewer whose path cannot take the picture gets less of it, and is told so in statistics and log.
    private void Govern(TimeSpan now)
    {
        _nextGovern = now + GovernInterval;
        if (transport.State != MediaEndpointState.Connected || settings.Source is not { } source) return;
        foreach (var sender in Senders)
        {
            if (!sender.IsVideo || _subscriptions.Find(s => s.Kind == MediaKind.Video) is not { } subscription) continue;
            var rate = sender.StreamRate(now);
            if (!sender.Governor.Handle(Bandwidth, rate, source.CanReduce(subscription), now)) continue;
            var estimate = Bandwidth.BitsPerSecond;
            if (!source.SetReduced(subscription, sender.Governor.Quality == ViewerQuality.Reduced)) sender.Governor.HandleReductionRefused();
            sender.SetKeyFramesOnly(sender.Governor.Quality == ViewerQuality.KeyFrames, now);
            qualityChanged(sender.Governor.Quality, estimate, rate);
        }
    }

    private TrackReceiver? FindReceiver(uint ssrc)
    {
        foreach (var receiver in Receivers)
        {
            if (receiver.Ssrc == ssrc) return receiver;
        }
        return null;
    }

    private TrackSender? FindSender(uint ssrc)
    {
        foreach (var sender in Senders)
        {
            if (sender.Ssrc == ssrc) return sender;
        }
        return null;
    }

    private TrackReceiver? Find(in RtpPacket packet, out bool isRtx)
    {
        isRtx = false;
        foreach (var receiver in Receivers)
        {
            if (receiver.Ssrc == packet.Ssrc) return receiver;
        }
        foreach (var media in _session!.Media)
        {
            if (media.IsRejected || (media.Direction & MediaDirection.RecvOnly) == 0) continue;
            foreach (var codec in media.Codecs)
            {
                if (codec.ReceiveRtx == packet.PayloadType)
                {
                    isRtx = true;
                    foreach (var receiver in Receivers)
                    {
                        if (receiver.Media.Index == media.Index) return receiver;
                    }
                    return null;
                }
                if (codec.ReceivePayloadType != packet.PayloadType) continue;
                if (Receivers.Count >= MostReceivers) return null;
                var found = new TrackReceiver(packet.Ssrc, media, codec);
                Receivers.Add(found);
                return found;
            }
        }
        return null;
    }

    private void HandleAudio(TrackReceiver receiver, in RtpPacket packet)
    {
        var codec = receiver.Codec.Codec;
        if (codec.Is("PCMU") || codec.Is("PCMA")) level.MeasureG711(packet.Payload, codec.Is("PCMA"));
        else if (receiver.Media.ExtensionId(HeaderExtension.AudioLevel) is > 0 and var id && packet.TryGetExtension(id, out var value) && value.Length >= 1)
            level.Take(value[0] & 0x7F);
        else if (talkBack is not null) talkBack.MeasuresLevel = true;
        if (settings.ReceiveAudio) talkBack?.HandleRtp(receiver.Codec, packet);
    }

    private void Publish(TrackReceiver receiver, ReadOnlySpan<byte> packet)
    {
        if (published is null) return;
        var track = -1;
        var tracks = published.Tracks;
        for (var i = 0; i < tracks.Count; i++)
        {
            var known = tracks[i];
            if (known.Kind == (receiver.Media.Kind == "video" ? MediaKind.Video : MediaKind.Audio)) track = known.Index;
        }
        if (track >= 0) ((ICameraSink)published).HandleRtp(track, packet);
    }

    private void AnnouncePublished(NegotiatedSession session)
    {
        var tracks = new List<CameraTrack>();
        foreach (var media in session.Media)
        {
            if (media.IsRejected || media.Codecs.Count == 0 || (media.Direction & MediaDirection.RecvOnly) == 0 || media.Kind is not ("video" or "audio")) continue;
            var codec = media.Codecs[0];
            tracks.Add(new CameraTrack(tracks.Count, media.Kind == "video" ? MediaKind.Video : MediaKind.Audio,
                codec.Codec with { PayloadType = codec.ReceivePayloadType, Parameters = codec.RemoteParameters }));
        }
        ((ICameraSink)published!).HandleTracks(tracks, null);
    }
}
