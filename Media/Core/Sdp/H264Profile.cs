namespace MediaRelay.Media.Sdp;

/// <summary>Profiles that profile-level-id can name (RFC 6184 table 5).</summary>
public enum H264Profile
{
    Other,
    ConstrainedBaseline,
    Baseline,
    Main,
    Extended,
    High,
    ConstrainedHigh,
}
