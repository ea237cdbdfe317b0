using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Cameras.Ffmpeg;
using MediaRelay.Media.IO.Net;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;
using AudioLevel = MediaRelay.Media.IO.Audio.AudioLevel;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>Brings a viewer's voice to its taker, through one ffmpeg child when the codecs differ. Packets come from the loop.</summary>
internal sealed class TalkBackPath(Func<ITalkBack?> taker, MediaHost host, AudioLevel level) : IAsyncDisposable
{
    private readonly byte[] _packet = new byte[MediaPacket.Capacity];
    private Transcoder? _transcoder;
    private string _converts = "";
    private bool _refused;

    public long Packets { get; private set; }

    /// <summary>Whether the loudness is measured behind the conversion, because the peer does not tell it and its format hides it.</summary>
    public bool MeasuresLevel { get; set; }

    public void HandleRtp(NegotiatedCodec codec, in RtpPacket packet)
    {
        if (taker() is not { } to || packet.Payload.Length + RtpPacket.HeaderLength > _packet.Length) return;
        Packets++;
        _ = new RtpHeader(packet.PayloadType, packet.Marker, packet.SequenceNumber, packet.Timestamp, packet.Ssrc).TryWrite(_packet);
        packet.Payload.CopyTo(_packet.AsSpan(RtpPacket.HeaderLength));
        var plain = _packet.AsSpan(0, RtpPacket.HeaderLength + packet.Payload.Length);
        if (codec.Codec.Is(to.Codec))
        {
            to.HandleRtp(plain);
            return;
        }
        if (_transcoder is null || _converts != codec.Codec.Name) Convert(codec, to);
        _transcoder?.HandleRtp(plain);
    }

    public async ValueTask DisposeAsync()
    {
        if (_transcoder is null) return;
        await _transcoder.DisposeAsync();
        _transcoder = null;
        host.ReturnTranscoder();
    }

    private void Convert(NegotiatedCodec codec, ITalkBack to)
    {
        if (_transcoder is not null || _refused || !host.TryTakeTranscoder())
        {
            _refused = true;
            return;
        }
        _converts = codec.Codec.Name;
        var output = to.Codec switch { "PCMA" => FfmpegOutputs.Pcma, "OPUS" => FfmpegOutputs.Opus, _ => FfmpegOutputs.Pcmu };
        var input = new CameraTrack(0, MediaKind.Audio, codec.Codec with { PayloadType = codec.ReceivePayloadType });
        _transcoder = new Transcoder(host.Options.FfmpegPath, input, output, reduced: false, host.Time, (packet, isRtcp) =>
        {
            if (isRtcp) return;
            if (MeasuresLevel && output.Name is ("PCMU" or "PCMA") && RtpPacket.TryRead(packet, out var made)) level.MeasureG711(made.Payload, output.Is("PCMA"));
            to.HandleRtp(packet);
        }, _ => { });
    }
}
