namespace MediaRelay.Media.IO.Cameras;

/// <summary>Where a camera's connection delivers. Packets of one track come in order, different tracks may come from different threads; spans are good only during the call.</summary>
public interface ICameraSink
{
    /// <summary>The camera answered and has these tracks; comes before any packet and again after every reconnect.</summary>
    void HandleTracks(IReadOnlyList<CameraTrack> tracks, ITalkBack? talkBack);

    /// <summary>One RTP packet of a track, header included.</summary>
    void HandleRtp(int track, ReadOnlySpan<byte> packet);

    /// <summary>One compound RTCP packet of a track.</summary>
    void HandleRtcp(int track, ReadOnlySpan<byte> packet);

    /// <summary>One whole JPEG picture of a track that is pictures.</summary>
    void HandlePicture(int track, ReadOnlySpan<byte> jpeg);
}
