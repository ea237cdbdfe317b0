using System.Diagnostics.CodeAnalysis;

namespace MediaRelay.Media.Sdp;

/// <summary>Decides section by section what an offer is answered with.</summary>
internal sealed class AnswerPlanner(SessionDescription offer, LocalEndpoint local)
{
    private readonly HashSet<LocalMedia> _used = new(ReferenceEqualityComparer.Instance);
    private RemoteTransport? _transport;
    private int _transportIndex;
    private string[]? _group;

    public List<DtlsFingerprint> Fingerprints { get; } = [];

    public bool TryPlan(int index, [NotNullWhen(true)] out NegotiatedMedia? section, out string reason)
    {
        var media = offer.Media[index];
        section = new NegotiatedMedia(index, media.Mid, media.Kind) { RemoteSsrcs = media.Ssrcs, BitsPerSecond = media.BitsPerSecond };
        reason = "";
        if (Refusal(media) is { } refusal) { section = section with { RejectReason = refusal }; return true; }
        var track = Track(media);
        if (track is null) { section = section with { RejectReason = $"no {media.Kind} track is available" }; return true; }
        var codecs = CodecMatcher.Match(track.Codecs, media.Codecs, track.TakesAnyH264Profile, localNumbers: false);
        if (!codecs.Any(c => !c.Codec.Is("telephone-event"))) { section = section with { RejectReason = "no common format" }; return true; }

        var transport = _transport;
        if (!media.IsDtls)
        {
            transport = TransportReader.Plain(offer, media);
            if (transport is null) { section = section with { RejectReason = "the section has no address" }; return true; }
        }
        else if (transport is null)
        {
            if (!TransportReader.TryRead(offer, media, local.AnswerSetup, out transport, out reason)) { section = null; return false; }
            (_transport, _transportIndex) = (transport, index);
            _group = media.Mid is null ? null : offer.BundleGroups.FirstOrDefault(g => g.Contains(media.Mid, StringComparer.Ordinal));
            foreach (var print in offer.Fingerprints(media))
                if (print.IsAcceptable && !Fingerprints.Contains(print)) Fingerprints.Add(print);
        }
        else if (!IsBundled(media))
        {
            if (local.RequiresBundle) { section = section with { RejectReason = "the section is not in the bundle of the first one" }; return true; }
            if (!TransportReader.TryRead(offer, media, local.AnswerSetup, out transport, out reason)) { section = null; return false; }
        }
        _used.Add(track);
        section = section with
        {
            Local = track,
            Codecs = codecs,
            Direction = MediaDirections.Answer(offer.Direction(media), track.Direction),
            Extensions = CodecMatcher.Extensions(track, media),
            Transport = transport,
            TransportIndex = ReferenceEquals(transport, _transport) ? _transportIndex : index,
            ReducedSizeRtcp = media.HasAttribute("rtcp-rsize"),
            Note = media.HasAttribute("simulcast") ? "simulcast is answered with a single stream" : null,
        };
        return true;
    }

    private string? Refusal(MediaDescription media)
    {
        if (media.IsRejected) return "the section is not offered";
        if (!media.IsRtp) return media.Protocol.Contains("SCTP", StringComparison.Ordinal) ? "data channels are not available" : "the transport protocol is not RTP";
        if (media.IsDtls)
        {
            if (!media.HasAttribute("rtcp-mux")) return "rtcp-mux is required";
            return media.IsBundleOnly && _transport is null ? "the section needs a bundle that was rejected" : null;
        }
        if (media.Protocol.Contains("SAVP", StringComparison.Ordinal)) return "SRTP keys in the signaling are not accepted, only DTLS-SRTP";
        return local.PlainAddress is null ? "media without encryption is not accepted" : null;
    }

    private bool IsBundled(MediaDescription media) => _group is not null && media.Mid is { } mid && Array.IndexOf(_group, mid) >= 0;

    // A track whose direction fits comes first, so that one audio section for listening and one for talking find their partners.
    private LocalMedia? Track(MediaDescription media)
    {
        var offered = offer.Direction(media);
        LocalMedia? best = null;
        foreach (var track in local.Media)
        {
            if (track.Kind != media.Kind || _used.Contains(track)) continue;
            if (MediaDirections.Answer(offered, track.Direction) != MediaDirection.Inactive || offered == MediaDirection.Inactive) return track;
            best ??= track;
        }
        return best;
    }
}
