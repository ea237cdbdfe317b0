namespace MediaRelay.Media.IO.Cameras;

/// <summary>What a track carries.</summary>
public enum MediaKind
{
    Video,
    Audio,
}
