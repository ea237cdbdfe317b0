using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace MediaRelay.Media.Sdp;

/// <summary>Reads where and how a section wants to be reached, and decides the DTLS role.</summary>
internal static class TransportReader
{
    /// <summary>
    /// <paramref name="choice"/> is the role to take when the peer offers actpass; <see cref="DtlsSetup.ActPass"/> means the
    /// text is an answer, in which actpass is refused.
    /// </summary>
    public static bool TryRead(SessionDescription session, MediaDescription media, DtlsSetup choice, [NotNullWhen(true)] out RemoteTransport? transport, out string reason)
    {
        transport = null;
        if (session.Inherited(media, "ice-ufrag") is not { } ufrag || session.Inherited(media, "ice-pwd") is not { } pwd) { reason = "ICE credentials are missing"; return false; }
        var prints = session.Fingerprints(media);
        if (prints.Count == 0) { reason = "the fingerprint is missing"; return false; }
        if (!prints.Any(p => p.IsAcceptable)) { reason = "no fingerprint is SHA-256 or better"; return false; }
        bool client;
        switch (session.Inherited(media, "setup"))
        {
            case "active": client = false; break;
            case "passive": client = true; break;
            case "actpass" when choice != DtlsSetup.ActPass: client = choice == DtlsSetup.Active; break;
            case "actpass": reason = "an answer must choose a DTLS role"; return false;
            case "holdconn": reason = "setup:holdconn has no DTLS role"; return false;
            default: reason = "the DTLS setup attribute is missing"; return false;
        }
        transport = new RemoteTransport(ufrag, pwd, session.IsIceLite, session.CanTrickle(media), client, [.. media.Candidates],
            media.HasEndOfCandidates || session.HasAttribute("end-of-candidates"));
        reason = "";
        return true;
    }

    public static RemoteTransport? Plain(SessionDescription session, MediaDescription media)
    {
        if (session.Connection(media) is not { } address || media.Port == 0) return null;
        var rtcp = media.HasAttribute("rtcp-mux") ? media.Port : media.Port + 1;
        if (media.Attribute("rtcp") is { } text && int.TryParse(text.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && !media.HasAttribute("rtcp-mux")) rtcp = port;
        return new RemoteTransport("", "", false, false, false, [], true) { PlainAddress = address, PlainPort = media.Port, PlainRtcpPort = rtcp };
    }
}
