namespace MediaRelay.Media.Sdp;

/// <summary>The words for <see cref="MediaDirection"/> and the rule of offer and answer (RFC 3264 section 6.1).</summary>
public static class MediaDirections
{
    private static readonly string[] Names = ["inactive", "sendonly", "recvonly", "sendrecv"];

    public static string Name(MediaDirection direction) => Names[(int)direction];

    /// <summary>The same direction seen by the other side.</summary>
    public static MediaDirection Reverse(MediaDirection direction) => direction switch
    {
        MediaDirection.SendOnly => MediaDirection.RecvOnly,
        MediaDirection.RecvOnly => MediaDirection.SendOnly,
        _ => direction,
    };

    /// <summary>What may be answered to an offered direction when <paramref name="wanted"/> is what the answerer can do.</summary>
    public static MediaDirection Answer(MediaDirection offered, MediaDirection wanted) => Reverse(offered) & wanted;

    internal static MediaDirection? Of(SdpSection section)
    {
        foreach (var line in section.Lines)
        {
            if (line.Type != 'a') continue;
            var at = Array.IndexOf(Names, line.Value);
            if (at >= 0) return (MediaDirection)at;
        }
        return null;
    }

    internal static bool IsDirection(SdpLine line) => line.Type == 'a' && Array.IndexOf(Names, line.Value) >= 0;
}
