namespace MediaRelay.Media.Rtp;

/// <summary>NAL unit types of H.265 that recording looks at (H.265 table 7-1, RFC 7798 section 4.4).</summary>
public enum H265NalType
{
    BlaWithLeadingPictures = 16,
    CleanRandomAccess = 21,
    VideoParameterSet = 32,
    SequenceParameterSet = 33,
    PictureParameterSet = 34,
    Aggregation = 48,
    Fragmentation = 49,
}
