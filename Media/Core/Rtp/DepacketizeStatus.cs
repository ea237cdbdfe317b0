namespace MediaRelay.Media.Rtp;

/// <summary>What a packet did to the frame under construction.</summary>
public enum DepacketizeStatus
{
    /// <summary>Taken; the frame goes on.</summary>
    Incomplete,

    /// <summary>A frame is ready.</summary>
    Frame,

    /// <summary>The payload breaks its format; it was dropped and the frame counts as damaged.</summary>
    Malformed,
}
