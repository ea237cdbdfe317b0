namespace MediaRelay.Media.IO.Recording;

/// <summary>What a recording can hold.</summary>
internal enum Mp4Codec
{
    H264,
    Pcmu,
    Pcma,
    Opus,
    Aac,
}
