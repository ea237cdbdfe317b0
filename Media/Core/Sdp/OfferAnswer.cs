using System.Diagnostics.CodeAnalysis;

namespace MediaRelay.Media.Sdp;

/// <summary>
/// Offer and answer as pure functions (RFC 3264, RFC 9429). Sections that cannot be used are answered with port 0 and a
/// reason in the result; a description that must not be used at all gives false.
/// </summary>
public static class OfferAnswer
{
    /// <summary>An offer with one section for each track, all in one bundle.</summary>
    public static SessionDescription CreateOffer(LocalEndpoint local)
    {
        var offer = DescriptionBuilder.Session(local);
        var mids = Enumerable.Range(0, local.Media.Count).Select(DescriptionBuilder.Mid).ToArray();
        DescriptionBuilder.SessionAttributes(offer, local, mids);
        // In a bundle an id means the same extension in every section (RFC 8285 section 7).
        var extensions = local.Media.SelectMany(m => m.Extensions).Distinct().ToList();
        for (var i = 0; i < local.Media.Count; i++)
        {
            var track = local.Media[i];
            var media = new MediaDescription(track.Kind, 9, "UDP/TLS/RTP/SAVPF");
            DescriptionBuilder.Transport(media, local, DtlsSetup.ActPass, i == 0);
            media.Add("mid", mids[i]);
            foreach (var uri in track.Extensions) media.Add("extmap", new HeaderExtension(extensions.IndexOf(uri) + 1, uri).ToString());
            DescriptionBuilder.Track(media, local, track, track.Direction, reducedSize: true);
            foreach (var codec in track.Codecs) media.AddCodec(codec);
            DescriptionBuilder.Sources(media, local, track, track.Direction, track.Codecs.Any(c => c.IsRtx));
            offer.Media.Add(media);
        }
        return offer;
    }

    /// <summary>
    /// Answers an offer. False when the peer cannot be trusted or changed its identity since <paramref name="previous"/>.
    /// </summary>
    public static bool TryAnswer(SessionDescription offer, LocalEndpoint local, NegotiatedSession? previous,
        [NotNullWhen(true)] out SessionDescription? answer, [NotNullWhen(true)] out NegotiatedSession? session, out string reason)
    {
        (answer, session) = (null, null);
        if (previous is not null && offer.Media.Count < previous.Media.Count) { reason = "a new offer has fewer media sections than the one before"; return false; }
        var planner = new AnswerPlanner(offer, local);
        var sections = new List<NegotiatedMedia>(offer.Media.Count);
        for (var i = 0; i < offer.Media.Count; i++)
        {
            if (!planner.TryPlan(i, out var section, out reason)) return false;
            sections.Add(section);
        }
        var result = new NegotiatedSession(sections, planner.Fingerprints);
        if (!HasSameIdentity(previous, result)) { reason = "a new offer changes the fingerprint of the peer"; return false; }
        (answer, session, reason) = (DescriptionBuilder.Answer(offer, local, result), result, "");
        return true;
    }

    /// <summary>Takes the peer's answer to an own offer.</summary>
    public static bool TryAcceptAnswer(SessionDescription offer, LocalEndpoint local, SessionDescription answer, NegotiatedSession? previous,
        [NotNullWhen(true)] out NegotiatedSession? session, out string reason)
    {
        session = null;
        if (offer.Media.Count != local.Media.Count) { reason = "the offer is not one of this end's tracks"; return false; }
        if (answer.Media.Count != offer.Media.Count) { reason = "the answer has another number of media sections than the offer"; return false; }
        var fingerprints = new List<DtlsFingerprint>();
        var sections = new List<NegotiatedMedia>(answer.Media.Count);
        RemoteTransport? shared = null;
        var sharedIndex = 0;
        for (var i = 0; i < answer.Media.Count; i++)
        {
            var (media, offered, track) = (answer.Media[i], offer.Media[i], local.Media[i]);
            if (media.Kind != offered.Kind) { reason = $"section {i} of the answer has another media type"; return false; }
            if (media.Mid is { } mid && mid != offered.Mid) { reason = $"section {i} of the answer has another mid"; return false; }
            var section = new NegotiatedMedia(i, offered.Mid, media.Kind) { Local = track, RemoteSsrcs = media.Ssrcs, BitsPerSecond = media.BitsPerSecond };
            if (media.IsRejected) { sections.Add(section with { Local = null, RejectReason = "rejected by the peer" }); continue; }
            var codecs = CodecMatcher.Match(track.Codecs, media.Codecs, track.TakesAnyH264Profile, localNumbers: true);
            if (codecs.Count == 0) { reason = $"section {i} of the answer has no format of the offer"; return false; }
            var remote = answer.Direction(media);
            if ((MediaDirections.Reverse(remote) & ~track.Direction) != 0) { reason = $"section {i} of the answer has a direction that was not offered"; return false; }
            var bundled = shared is not null && answer.BundleGroups.Any(g => Array.IndexOf(g, offered.Mid) > 0);
            if (!bundled)
            {
                if (shared is not null) { reason = $"section {i} of the answer is not in the bundle"; return false; }
                if (!TransportReader.TryRead(answer, media, DtlsSetup.ActPass, out shared, out reason)) return false;
                sharedIndex = i;
                foreach (var print in answer.Fingerprints(media))
                    if (print.IsAcceptable && !fingerprints.Contains(print)) fingerprints.Add(print);
            }
            // The offerer prefers the answerer's order: its first format is what it wants to get (RFC 3264 section 7).
            sections.Add(section with
            {
                Codecs = [.. codecs.OrderBy(c => media.Formats.IndexOf(c.SendPayloadType.ToString(System.Globalization.CultureInfo.InvariantCulture)))],
                Direction = MediaDirections.Reverse(remote),
                Extensions = CodecMatcher.Extensions(track, media),
                Transport = shared,
                TransportIndex = sharedIndex,
                ReducedSizeRtcp = media.HasAttribute("rtcp-rsize"),
            });
        }
        var result = new NegotiatedSession(sections, fingerprints);
        if (!HasSameIdentity(previous, result)) { reason = "a new answer changes the fingerprint of the peer"; return false; }
        (session, reason) = (result, "");
        return true;
    }

    private static bool HasSameIdentity(NegotiatedSession? previous, NegotiatedSession next) =>
        previous is null || previous.Fingerprints.Count == 0 || next.First is null || previous.Fingerprints.Any(f => next.Fingerprints.Contains(f));
}
