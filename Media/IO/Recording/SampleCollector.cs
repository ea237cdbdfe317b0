using System.Buffers.Binary;
using MediaRelay.Media.IO.Sources;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Recording;

/// <summary>Turns the packets of one stream into samples for a recording: H.264 pictures, or packets of sound. On the loop only.</summary>
internal sealed class SampleCollector(int track, Action<MediaSample> taken) : IStreamViewer
{
    private H264Depacketizer? _pictures;
    private RtpCodec? _codec;
    private long _time = -1;
    private uint _lastTimestamp;

    /// <summary>What the recording must know about the track; null until the first picture or packet of sound.</summary>
    public Mp4Track? Track { get; private set; }

    public void SetStream(SourceStream? stream)
    {
        _codec = stream?.Codec;
        Track = null;
        _pictures = null;
        if (_codec is null) return;
        if (_codec.Is("H264"))
        {
            _pictures = new H264Depacketizer();
            _pictures.SetParameterSets(_codec.Parameters["sprop-parameter-sets"]);
            return;
        }
        Track = _codec switch
        {
            _ when _codec.Is("PCMU") => new Mp4Track(Mp4Codec.Pcmu, 8000),
            _ when _codec.Is("PCMA") => new Mp4Track(Mp4Codec.Pcma, 8000),
            _ when _codec.Is("opus") => new Mp4Track(Mp4Codec.Opus, 48000) { Channels = 2 },
            _ => new Mp4Track(Mp4Codec.Aac, _codec.ClockRate) { Channels = _codec.Channels, AudioConfiguration = Hex(_codec.Parameters["config"]) },
        };
    }

    public void HandleRestart(SourceStream stream) => SetStream(stream);

    public void HandlePublished(SourceStream stream, ReadOnlySpan<byte> packet, TimeSpan now)
    {
        if (!RtpPacket.TryRead(packet, out var rtp)) return;
        if (_pictures is not null) HandlePicture(rtp, now);
        else if (Track?.Codec == Mp4Codec.Aac) HandleAac(rtp, now);
        else if (Track is not null) Take(rtp.Timestamp, true, rtp.Payload.ToArray(), now);
    }

    private void HandlePicture(in RtpPacket rtp, TimeSpan now)
    {
        if (_pictures!.Add(rtp, out var frame) != DepacketizeStatus.Frame || frame.IsDamaged) return;
        if (frame.IsKeyFrame && H264PictureSize.TryRead(_pictures.SequenceParameterSet, out var width, out var height)
            && (Track is null || !_pictures.SequenceParameterSet.SequenceEqual(Track.SequenceParameterSet.Span)))
        {
            Track = new Mp4Track(Mp4Codec.H264, 90000)
            {
                Width = width,
                Height = height,
                SequenceParameterSet = _pictures.SequenceParameterSet.ToArray(),
                PictureParameterSet = _pictures.PictureParameterSet.ToArray(),
            };
        }
        if (Track is null) return;
        var length = 0;
        foreach (var unit in new AnnexBReader(frame.Content)) length += IsPicture(unit) ? 4 + unit.Length : 0;
        if (length == 0) return;
        var bytes = new byte[length];
        var position = 0;
        foreach (var unit in new AnnexBReader(frame.Content))
        {
            if (!IsPicture(unit)) continue;
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(position), unit.Length);
            unit.CopyTo(bytes.AsSpan(position + 4));
            position += 4 + unit.Length;
        }
        Take(frame.Timestamp, frame.IsKeyFrame, bytes, now);
    }

    private void HandleAac(in RtpPacket rtp, TimeSpan now)
    {
        if (!AacPayload.TryRead(rtp.Payload, out var units)) return;
        var timestamp = rtp.Timestamp;
        foreach (var unit in units)
        {
            Take(timestamp, true, unit.ToArray(), now);
            timestamp += 1024;
        }
    }

    private void Take(uint timestamp, bool isKey, byte[] bytes, TimeSpan now)
    {
        _time = _time < 0 ? 0 : _time + (int)(timestamp - _lastTimestamp);
        _lastTimestamp = timestamp;
        if (_time < 0) _time = 0;
        taken(new MediaSample(track, _time, isKey, bytes, now));
    }

    // Parameter sets stand in the sample entry, delimiters and filler are of no use in a file.
    private static bool IsPicture(ReadOnlySpan<byte> unit) => !unit.IsEmpty && (unit[0] & 31) is >= 1 and <= 6;

    private static byte[] Hex(string? text)
    {
        try
        {
            return Convert.FromHexString(text ?? "");
        }
        catch (FormatException)
        {
            return [];
        }
    }
}
