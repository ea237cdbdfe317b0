using System.Globalization;

namespace MediaRelay.Media.Sdp;

/// <summary>A payload format of an m= section: its rtpmap, fmtp and rtcp-fb lines together.</summary>
/// <param name="PayloadType">Number in the packets, 0-127.</param>
/// <param name="Name">Encoding name, e.g. H264; compared without regard to case.</param>
/// <param name="ClockRate">Ticks of the RTP time stamp in a second.</param>
/// <param name="Channels">Audio channels; 1 for video.</param>
/// <param name="Parameters">The fmtp line.</param>
public sealed record RtpCodec(int PayloadType, string Name, int ClockRate, int Channels = 1, FormatParameters Parameters = default)
{
    /// <summary>Feedback values of the rtcp-fb lines, e.g. "nack" and "nack pli" (RFC 4585 section 4.2).</summary>
    public IReadOnlyList<string> Feedback { get; init; } = [];

    public bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    public bool IsRtx => Is("rtx");

    /// <summary>Payload type that this RTX format repeats (RFC 4588 section 8.1); -1 when the line does not say.</summary>
    public int AssociatedPayloadType => Parameters.Number("apt", -1);

    /// <summary>True when both sides mean the same bits on the wire, whatever number each gave it.</summary>
    public bool IsCompatible(RtpCodec other)
    {
        if (!Is(other.Name) || ClockRate != other.ClockRate || Channels != other.Channels) return false;
        if (Is("H264")) return H264Parameters.AreCompatible(Parameters, other.Parameters);
        if (Is("MPEG4-GENERIC")) return string.Equals(Parameters["mode"], other.Parameters["mode"], StringComparison.OrdinalIgnoreCase);
        if (Is("VP9")) return Parameters.Number("profile-id", 0) == other.Parameters.Number("profile-id", 0);
        if (Is("H265")) return Parameters.Number("profile-id", 1) == other.Parameters.Number("profile-id", 1) && (Parameters["tx-mode"] ?? "SRST") == (other.Parameters["tx-mode"] ?? "SRST");
        return true;
    }

    /// <summary>The rtpmap value, e.g. "111 opus/48000/2".</summary>
    public string RtpMap => Channels > 1
        ? string.Create(CultureInfo.InvariantCulture, $"{PayloadType} {Name}/{ClockRate}/{Channels}")
        : string.Create(CultureInfo.InvariantCulture, $"{PayloadType} {Name}/{ClockRate}");

    public bool Equals(RtpCodec? other) => other is not null && PayloadType == other.PayloadType && Is(other.Name) && ClockRate == other.ClockRate
        && Channels == other.Channels && Parameters == other.Parameters && Feedback.SequenceEqual(other.Feedback, StringComparer.Ordinal);

    public override int GetHashCode() => HashCode.Combine(PayloadType, ClockRate, Channels);

    /// <summary>The statically assigned format of a payload type below 35 (RFC 3551 section 6), or null.</summary>
    public static RtpCodec? Static(int payloadType) => payloadType switch
    {
        0 => new(0, "PCMU", 8000),
        3 => new(3, "GSM", 8000),
        4 => new(4, "G723", 8000),
        5 => new(5, "DVI4", 8000),
        6 => new(6, "DVI4", 16000),
        7 => new(7, "LPC", 8000),
        8 => new(8, "PCMA", 8000),
        9 => new(9, "G722", 8000),
        10 => new(10, "L16", 44100, 2),
        11 => new(11, "L16", 44100),
        12 => new(12, "QCELP", 8000),
        13 => new(13, "CN", 8000),
        14 => new(14, "MPA", 90000),
        15 => new(15, "G728", 8000),
        16 => new(16, "DVI4", 11025),
        17 => new(17, "DVI4", 22050),
        18 => new(18, "G729", 8000),
        25 => new(25, "CelB", 90000),
        26 => new(26, "JPEG", 90000),
        28 => new(28, "nv", 90000),
        31 => new(31, "H261", 90000),
        32 => new(32, "MPV", 90000),
        33 => new(33, "MP2T", 90000),
        34 => new(34, "H263", 90000),
        _ => null,
    };
}
