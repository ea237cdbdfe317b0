using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>One source of the peer: what it is, its reception report, and for video the packets to ask for again.</summary>
internal sealed class TrackReceiver(uint ssrc, NegotiatedMedia media, NegotiatedCodec codec)
{
    public uint Ssrc => ssrc;

    public NegotiatedMedia Media => media;

    public NegotiatedCodec Codec => codec;

    public ReceptionStatistics Statistics { get; } = new(ssrc, codec.Codec.ClockRate);

    /// <summary>Missing packets; null for sound and when the peer takes no NACK.</summary>
    public NackGenerator? Nacks { get; } = media.Kind == "video" && codec.HasFeedback("nack") ? new NackGenerator() : null;

    public bool IsVideo => media.Kind == "video";
}
