using MediaRelay.Media.Broker;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Cameras.Ffmpeg;
using MediaRelay.Media.IO.Net;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Sources;

/// <summary>
/// One format of one track of a source, as the camera sends it or as a transcoder makes it: a <see cref="CameraFeed"/> and those who
/// watch it. On the loop only.
/// </summary>
internal sealed class SourceStream
{
    private readonly List<IStreamViewer> _viewers = [];
    private readonly byte[] _scratch = new byte[MediaPacket.Capacity];
    private readonly byte[]? _parameterSets;
    private readonly FeedFormat _format;
    private uint _ssrc;
    private bool _started;
    private ushort _shift;
    private uint? _setsAt;

    public SourceStream(int index, CameraTrack track, RtpCodec codec)
    {
        Index = index;
        Track = track;
        Codec = codec;
        _format = track.Kind == MediaKind.Audio ? FeedFormat.Audio : codec.Is("H264") ? FeedFormat.H264 : FeedFormat.Jpeg;
        if (_format == FeedFormat.H264) _parameterSets = H264Inspector.Aggregate(codec.Parameters["sprop-parameter-sets"]);
        Feed = NewFeed();
    }

    public int Index { get; }

    /// <summary>The camera's track behind it.</summary>
    public CameraTrack Track { get; }

    /// <summary>What the packets hold.</summary>
    public RtpCodec Codec { get; }

    /// <summary>The child that makes the format; null when the camera does.</summary>
    public Transcoder? Transcoder { get; set; }

    /// <summary>A smaller picture for paths that do not take the whole one.</summary>
    public bool IsReduced { get; init; }

    public CameraFeed Feed { get; private set; }

    public int ViewerCount => _viewers.Count;

    public void Add(IStreamViewer viewer) => _viewers.Add(viewer);

    public void Remove(IStreamViewer viewer) => _viewers.Remove(viewer);

    /// <summary>Takes a packet from the camera or the transcoder and lets every viewer take it from the feed.</summary>
    public void HandleRtp(ReadOnlySpan<byte> bytes, TimeSpan now)
    {
        if (!RtpPacket.TryRead(bytes, out var rtp) || rtp.Payload.IsEmpty || rtp.PayloadType != Codec.PayloadType) return;
        if (!_started || rtp.Ssrc != _ssrc) Restart(rtp.Ssrc);
        if (_parameterSets is not null && LacksParameterSets(rtp)) PublishParameterSets(rtp, now);
        if (_shift == 0)
        {
            Publish(bytes, now);
            return;
        }
        if (bytes.Length > _scratch.Length) return;
        bytes.CopyTo(_scratch);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(_scratch.AsSpan(2), (ushort)(rtp.SequenceNumber + _shift));
        Publish(_scratch.AsSpan(0, bytes.Length), now);
    }

    private CameraFeed NewFeed() => new(_format, Codec.ClockRate, _format == FeedFormat.Audio ? FeedLimits.Audio : FeedLimits.Video);

    private void Restart(uint ssrc)
    {
        if (_started) Feed = NewFeed();
        (_started, _ssrc, _shift, _setsAt) = (true, ssrc, 0, null);
        foreach (var viewer in _viewers) viewer.HandleRestart(this);
    }

    private void Publish(ReadOnlySpan<byte> packet, TimeSpan now)
    {
        if (!Feed.Publish(packet, now)) return;
        for (var i = 0; i < _viewers.Count; i++) _viewers[i].HandlePublished(this, packet, now);
    }

    private bool LacksParameterSets(in RtpPacket rtp)
    {
        if (H264Inspector.HasParameterSet(rtp.Payload)) _setsAt = rtp.Timestamp;
        return _setsAt != rtp.Timestamp && H264Inspector.IsBareKeyPicture(rtp.Payload);
    }

    // A camera that gives its parameter sets only in its description: they are put in front, and all later packets get the next number.
    private void PublishParameterSets(in RtpPacket rtp, TimeSpan now)
    {
        _setsAt = rtp.Timestamp;
        var header = new RtpHeader(rtp.PayloadType, false, (ushort)(rtp.SequenceNumber + _shift), rtp.Timestamp, rtp.Ssrc);
        if (!header.TryWrite(_scratch)) return;
        _parameterSets!.CopyTo(_scratch, RtpPacket.HeaderLength);
        Publish(_scratch.AsSpan(0, RtpPacket.HeaderLength + _parameterSets.Length), now);
        _shift++;
    }
}
