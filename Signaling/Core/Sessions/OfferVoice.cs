using MediaRelay.Media.Sdp;

namespace MediaRelay.Signaling.Sessions;

/// <summary>What an offer says of sound from the viewer to the home.</summary>
public static class OfferVoice
{
    /// <summary>True when the home would play what the viewer sends.</summary>
    public static bool IsOffered(SessionDescription offer) => offer.Media.Any(m => IsVoice(offer, m));

    /// <summary>
    /// Makes the offer that of a viewer who may not speak: its sections with sound take it and send none, so the home has nothing to play. The
    /// answer to it answers the viewer's own offer too, because fewer directions may always be answered than were offered (RFC 3264 section 6.1).
    /// </summary>
    public static string Silence(SessionDescription offer)
    {
        foreach (var media in offer.Media)
        {
            if (!IsVoice(offer, media))
            {
                continue;
            }

            var left = offer.Direction(media) & MediaDirection.RecvOnly;
            media.Lines.RemoveAll(l => l.Type == 'a' && l.Value is "sendrecv" or "sendonly" or "recvonly" or "inactive");
            media.Add(MediaDirections.Name(left));
        }

        return SdpWriter.Write(offer);
    }

    private static bool IsVoice(SessionDescription offer, MediaDescription media) => media.Kind == "audio" && (offer.Direction(media) & MediaDirection.SendOnly) != 0;
}
