namespace MediaRelay.Media.Congestion;

/// <summary>What a viewer gets of the picture. Anything below Full is told in statistics and logs.</summary>
public enum ViewerQuality
{
    /// <summary>Everything that the camera sends.</summary>
    Full,

    /// <summary>A smaller picture made by one transcoder for all such viewers.</summary>
    Reduced,

    /// <summary>Key frames alone: still pictures every few seconds.</summary>
    KeyFrames,
}
