using System.Globalization;

namespace MediaRelay.Media.Sdp;

/// <summary>Puts the lines of an offer or answer together in the order that RFC 9429 section 5 gives.</summary>
internal static class DescriptionBuilder
{
    public static string Mid(int index) => index.ToString(CultureInfo.InvariantCulture);

    public static SessionDescription Session(LocalEndpoint local)
    {
        var session = new SessionDescription();
        session.Add('o', string.Create(CultureInfo.InvariantCulture, $"- {local.SessionId} {local.SessionVersion} IN IP4 127.0.0.1"));
        session.Add('s', "-");
        session.Add('t', "0 0");
        return session;
    }

    public static void SessionAttributes(SessionDescription session, LocalEndpoint local, IReadOnlyCollection<string> bundle)
    {
        if (bundle.Count > 0) session.Add("group", $"BUNDLE {string.Join(' ', bundle)}");
        if (local.IsIceLite) session.Add("ice-lite");
        session.Add("msid-semantic", " WMS *");
    }

    public static void Transport(MediaDescription media, LocalEndpoint local, DtlsSetup setup, bool ownsTransport)
    {
        media.Add('c', "IN IP4 0.0.0.0");
        media.Add("ice-ufrag", local.IceUfrag);
        media.Add("ice-pwd", local.IcePwd);
        if (!local.IsIceLite) media.Add("ice-options", "trickle");
        media.Add("fingerprint", local.Fingerprint.ToString());
        media.Add("setup", setup switch { DtlsSetup.Active => "active", DtlsSetup.Passive => "passive", _ => "actpass" });
        if (!ownsTransport) return;
        foreach (var candidate in local.Candidates) media.Add("candidate", candidate);
        if (local.HasAllCandidates) media.Add("end-of-candidates");
    }

    public static void Track(MediaDescription media, LocalEndpoint local, LocalMedia track, MediaDirection direction, bool reducedSize)
    {
        media.Add(MediaDirections.Name(direction));
        if ((direction & MediaDirection.SendOnly) != 0) media.Add("msid", $"{track.StreamId} {track.TrackId}");
        media.Add("rtcp-mux");
        if (reducedSize) media.Add("rtcp-rsize");
    }

    public static void Sources(MediaDescription media, LocalEndpoint local, LocalMedia track, MediaDirection direction, bool rtx)
    {
        if ((direction & MediaDirection.SendOnly) == 0 || track.Ssrc is not { } ssrc) return;
        var repair = rtx ? track.RtxSsrc : null;
        if (repair is not null) media.Add("ssrc-group", string.Create(CultureInfo.InvariantCulture, $"FID {ssrc} {repair}"));
        // Chromium takes the source that is named first for the media, whatever the group says.
        Source(media, ssrc, local, track);
        if (repair is { } second) Source(media, second, local, track);
    }

    public static SessionDescription Answer(SessionDescription offer, LocalEndpoint local, NegotiatedSession result)
    {
        var answer = Session(local);
        var first = result.Media.FirstOrDefault(m => !m.IsRejected && m.Transport?.PlainAddress is null);
        string[] bundle = first?.Mid is null || offer.BundleGroups.All(g => Array.IndexOf(g, first.Mid) < 0)
            ? []
            : [.. result.Media.Where(m => !m.IsRejected && m.Mid is not null && m.TransportIndex == first.Index).Select(m => m.Mid!)];
        SessionAttributes(answer, local, bundle);
        foreach (var section in result.Media) answer.Media.Add(AnswerSection(offer.Media[section.Index], local, section));
        return answer;
    }

    private static MediaDescription AnswerSection(MediaDescription offered, LocalEndpoint local, NegotiatedMedia section)
    {
        if (section.IsRejected)
        {
            var rejected = new MediaDescription(offered.Kind, 0, offered.Protocol, offered.Formats);
            rejected.Add('c', "IN IP4 0.0.0.0");
            if (offered.Mid is { } tag) rejected.Add("mid", tag);
            rejected.Add("inactive");
            return rejected;
        }
        var plain = section.Transport!.PlainAddress is not null;
        var media = new MediaDescription(offered.Kind, plain ? local.PlainPort + 2 * section.Index : 9, offered.Protocol);
        if (plain) media.Add('c', $"IN {(local.PlainAddress!.Contains(':', StringComparison.Ordinal) ? "IP6" : "IP4")} {local.PlainAddress}");
        else Transport(media, local, section.Transport.IsDtlsClient ? DtlsSetup.Active : DtlsSetup.Passive, section.TransportIndex == section.Index);
        if (offered.Mid is { } mid) media.Add("mid", mid);
        foreach (var extension in section.Extensions) media.Add("extmap", extension.ToString());
        if (plain)
        {
            media.Add(MediaDirections.Name(section.Direction));
            if (offered.HasAttribute("rtcp-mux")) media.Add("rtcp-mux");
        }
        else Track(media, local, section.Local!, section.Direction, section.ReducedSizeRtcp);
        foreach (var pair in section.Codecs)
            foreach (var codec in CodecMatcher.AnswerLines(pair)) media.AddCodec(codec);
        if (!plain) Sources(media, local, section.Local!, section.Direction, section.Codecs.Any(c => c.SendRtx >= 0));
        return media;
    }

    private static void Source(MediaDescription media, uint ssrc, LocalEndpoint local, LocalMedia track)
    {
        var number = ssrc.ToString(CultureInfo.InvariantCulture);
        media.Add("ssrc", $"{number} cname:{local.Cname}");
        media.Add("ssrc", $"{number} msid:{track.StreamId} {track.TrackId}");
    }
}
