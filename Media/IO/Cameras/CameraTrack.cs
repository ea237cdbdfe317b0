using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Cameras;

/// <summary>One medium of a camera as it sends it.</summary>
/// <param name="Index">Position among the camera's tracks, from 0.</param>
/// <param name="Kind">Picture or sound.</param>
/// <param name="Codec">Encoding, clock rate and format parameters; the payload type is the one in the camera's packets.</param>
public sealed record CameraTrack(int Index, MediaKind Kind, RtpCodec Codec)
{
    /// <summary>True when the track is JPEG: whole pictures over HTTP, or RTP packets that become whole pictures.</summary>
    public bool IsPictures { get; init; }
}
