namespace MediaRelay.Media.Rtp;

/// <summary>NAL unit types that RTP and recorders look at (H.264 table 7-1, RFC 6184 section 5.2).</summary>
public enum H264NalType
{
    NonIdrSlice = 1,
    IdrSlice = 5,
    Sei = 6,
    SequenceParameterSet = 7,
    PictureParameterSet = 8,
    AccessUnitDelimiter = 9,
    StapA = 24,
    FuA = 28,
}
