using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Cameras.Rtsp;

/// <summary>A track of a DESCRIBE answer with the URL that SETUP must name.</summary>
/// <param name="Track">What it carries.</param>
/// <param name="ControlUri">Absolute URL for SETUP.</param>
/// <param name="IsBackChannel">True when sound goes towards the camera (ONVIF Streaming Specification section 5.3.1).</param>
internal sealed record RtspTrack(CameraTrack Track, string ControlUri, bool IsBackChannel)
{
    private const string FromStart = "npt=0.000-", FromNow = "npt=now-";

    private static readonly string[] Wanted = ["H264", "H265", "JPEG", "MP4V-ES", "PCMU", "PCMA", "MPEG4-GENERIC", "OPUS", "L16", "G722"];

    /// <summary>Reads the tracks that can be used, in the order of the description, and the range to play (RFC 2326 section C.1.5); false when the text is not SDP.</summary>
    public static bool TryRead(ReadOnlySpan<byte> sdp, string baseUri, out List<RtspTrack> tracks, out string aggregateUri, out string range, out string error)
    {
        tracks = [];
        aggregateUri = baseUri;
        range = FromStart;
        error = "";
        if (!SdpReader.TryRead(sdp, out var description, out var problem, SdpStrictness.Camera))
        {
            error = problem.ToString();
            return false;
        }
        aggregateUri = Resolve(baseUri, description.Attribute("control"));
        // A live stream has no start to go to: a server that is asked for one may fail to seek and refuse to play ever after.
        if (description.Attribute("range")?.StartsWith("npt=now", StringComparison.OrdinalIgnoreCase) == true) range = FromNow;
        var index = 0;
        foreach (var media in description.Media)
        {
            if (media.Kind is not ("video" or "audio") || !media.IsRtp) continue;
            var codec = media.Codecs.FirstOrDefault(c => Array.Exists(Wanted, c.Is));
            if (codec is null) continue;
            var isBack = description.Direction(media) == MediaDirection.SendOnly && media.Kind == "audio";
            var kind = media.Kind == "video" ? MediaKind.Video : MediaKind.Audio;
            tracks.Add(new RtspTrack(new CameraTrack(isBack ? -1 : index++, kind, codec) { IsPictures = codec.Is("JPEG") }, Resolve(baseUri, media.Attribute("control")), isBack));
        }
        return true;
    }

    /// <summary>A control attribute against the base URL as cameras mean it: plain concatenation, not RFC 3986 (RFC 2326 section C.1.1).</summary>
    internal static string Resolve(string baseUri, string? control)
    {
        if (string.IsNullOrEmpty(control) || control == "*") return baseUri;
        if (control.StartsWith("rtsp://", StringComparison.OrdinalIgnoreCase) || control.StartsWith("rtsps://", StringComparison.OrdinalIgnoreCase)) return control;
        if (control.StartsWith('/') && Uri.TryCreate(baseUri, UriKind.Absolute, out var uri)) return uri.GetLeftPart(UriPartial.Authority) + control;
        return baseUri.EndsWith('/') ? baseUri + control : baseUri + "/" + control;
    }
}
