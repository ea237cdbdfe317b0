namespace MediaRelay.Media.Sdp;

/// <summary>Rules between the lines of a description: what must be there, and what lines say about each other.</summary>
internal static class SdpSessionChecks
{
    public static string? Fault(SessionDescription session, bool strict, SdpLimits limits)
    {
        if (strict)
        {
            if (session.Value('o') is null) return "o= is missing";
            if (session.Value('s') is null) return "s= is missing";
            if (session.Value('t') is null) return "t= is missing";
        }
        if (SdpMediaChecks.Transport(session) is { } fault) return fault;
        var mids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var media in session.Media)
        {
            if (SdpMediaChecks.Fault(session, media, strict, limits) is { } bad) return bad;
            if (media.Mid is { } mid && !mids.Add(mid)) return "two media sections have the same mid";
        }
        var bundled = new HashSet<string>(StringComparer.Ordinal);
        foreach (var group in session.BundleGroups)
            foreach (var mid in group)
            {
                if (!mids.Contains(mid)) return "BUNDLE names a mid that does not exist";
                if (!bundled.Add(mid)) return "BUNDLE names a mid twice";
            }
        if (!strict) return null;
        foreach (var media in session.Media)
            if (Association(session, media) is { } missing) return missing;
        return null;
    }

    /// <summary>A section with a transport of its own says where, and for DTLS with whom (RFC 9143 section 7.1.3: later bundled ones may leave it out).</summary>
    private static string? Association(SessionDescription session, MediaDescription media)
    {
        if (media.Port == 0) return null;
        if (session.Connection(media) is null) return "a media section has no c= line, neither has the session";
        if (media.Mid is { } mid && session.BundleGroups.Any(g => Array.IndexOf(g, mid) > 0)) return null;
        if (!media.IsDtls || !media.IsRtp) return null;
        if (session.Fingerprints(media).Count == 0) return "a DTLS section has no fingerprint with a known hash function";
        return session.Inherited(media, "setup") is null ? "a DTLS section has no setup attribute" : null;
    }
}
