using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Cameras.Ffmpeg;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Sources;

/// <summary>
/// One format of one track of a source, as the camera sends it or as a transcoder makes it, and those who watch it. On the loop only.
/// </summary>
internal sealed class SourceStream
{
    private const int VideoPackets = 1024;
    private const int AudioPackets = 64;
    private const int PacketBytes = 1500;

    private readonly List<IStreamViewer> _viewers = [];
    private readonly byte[]? _parameterSets;
    private readonly bool _isH264;
    private uint _ssrc;
    private bool _started;
    private ushort _shift;
    private uint _setsTimestamp;
    private bool _hasSets;
    private uint _keyTimestamp;
    private bool _hasKey;

    public SourceStream(int index, CameraTrack track, RtpCodec codec)
    {
        Index = index;
        Track = track;
        Codec = codec;
        _isH264 = codec.Is("H264");
        if (_isH264) _parameterSets = H264Inspector.Aggregate(codec.Parameters["sprop-parameter-sets"]);
        Ring = new PacketRing(track.Kind == MediaKind.Video ? VideoPackets : AudioPackets, PacketBytes);
    }

    public int Index { get; }

    /// <summary>The camera's track behind it.</summary>
    public CameraTrack Track { get; }

    /// <summary>What the packets hold.</summary>
    public RtpCodec Codec { get; }

    /// <summary>The child that makes the format; null when the camera does.</summary>
    public Transcoder? Transcoder { get; set; }

    public PacketRing Ring { get; }

    public int ViewerCount => _viewers.Count;

    public long Packets { get; private set; }

    /// <summary>RTP time and arrival of the newest packet, for sender reports.</summary>
    public (uint Timestamp, TimeSpan ArrivedAt) Newest { get; private set; }

    public void Add(IStreamViewer viewer) => _viewers.Add(viewer);

    public void Remove(IStreamViewer viewer) => _viewers.Remove(viewer);

    /// <summary>Takes a packet from the camera or the transcoder and gives it to every viewer.</summary>
    public void HandleRtp(ReadOnlySpan<byte> bytes, TimeSpan now)
    {
        if (!RtpPacket.TryRead(bytes, out var rtp) || rtp.Payload.IsEmpty || rtp.PayloadType != Codec.PayloadType) return;
        if (!_started || rtp.Ssrc != _ssrc) Restart(rtp.Ssrc);
        Packets++;
        Newest = (rtp.Timestamp, now);
        var startsKeyFrame = Track.Kind == MediaKind.Video && (!_isH264 || IsKeyStart(rtp, now));
        Deliver(new StreamPacket
        {
            Sequence = (ushort)(rtp.SequenceNumber + _shift),
            Timestamp = rtp.Timestamp,
            Marker = rtp.Marker,
            StartsKeyFrame = startsKeyFrame,
            Payload = rtp.Payload,
        }, now);
    }

    private void Restart(uint ssrc)
    {
        (_started, _ssrc, _shift, _hasKey, _hasSets) = (true, ssrc, 0, false, false);
        Ring.Clear();
        foreach (var viewer in _viewers) viewer.HandleRestart(this);
    }

    // A picture may bring its parameter sets in packets before the slice; the key frame starts with the first of them. When the camera
    // gives the sets only in its description, they are put in front, and all later packets get the next number.
    private bool IsKeyStart(in RtpPacket rtp, TimeSpan now)
    {
        var (hasSet, startsPicture) = H264Inspector.Inspect(rtp.Payload);
        if (_hasKey && _keyTimestamp == rtp.Timestamp) return false;
        if (hasSet)
        {
            (_hasSets, _setsTimestamp) = (true, rtp.Timestamp);
            (_hasKey, _keyTimestamp) = (true, rtp.Timestamp);
            return true;
        }
        if (!startsPicture) return false;
        (_hasKey, _keyTimestamp) = (true, rtp.Timestamp);
        if (_parameterSets is null || (_hasSets && _setsTimestamp == rtp.Timestamp)) return true;
        Deliver(new StreamPacket
        {
            Sequence = (ushort)(rtp.SequenceNumber + _shift),
            Timestamp = rtp.Timestamp,
            Marker = false,
            StartsKeyFrame = true,
            Payload = _parameterSets,
        }, now);
        _shift++;
        return false;
    }

    private void Deliver(in StreamPacket packet, TimeSpan now)
    {
        Store(packet);
        for (var i = 0; i < _viewers.Count; i++) _viewers[i].HandlePacket(this, packet, now);
    }

    // Kept as marker byte, time stamp and payload: the viewers write their own headers.
    private void Store(in StreamPacket packet)
    {
        Span<byte> kept = stackalloc byte[PacketBytes];
        if (packet.Payload.Length + 5 > kept.Length) return;
        kept[0] = (byte)((packet.Marker ? 1 : 0) | (packet.StartsKeyFrame ? 2 : 0));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(kept[1..], packet.Timestamp);
        packet.Payload.CopyTo(kept[5..]);
        Ring.Add(packet.Sequence, kept[..(packet.Payload.Length + 5)], packet.StartsKeyFrame);
    }

    /// <summary>A packet of the ring, taken apart again.</summary>
    public bool TryGet(ushort sequence, out StreamPacket packet)
    {
        packet = default;
        if (!Ring.TryGet(sequence, out var kept)) return false;
        packet = new StreamPacket
        {
            Sequence = sequence,
            Timestamp = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(kept[1..]),
            Marker = (kept[0] & 1) != 0,
            StartsKeyFrame = (kept[0] & 2) != 0,
            Payload = kept[5..],
        };
        return true;
    }
}
