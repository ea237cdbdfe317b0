namespace MediaRelay.Media.Sdp;

/// <summary>Direction of a media section as its sender sees it (RFC 8866 section 6.7).</summary>
[Flags]
public enum MediaDirection
{
    Inactive = 0,
    SendOnly = 1,
    RecvOnly = 2,
    SendRecv = SendOnly | RecvOnly,
}
