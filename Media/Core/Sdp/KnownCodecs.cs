using System.Globalization;

namespace MediaRelay.Media.Sdp;

/// <summary>The formats this product sends or receives, with the parameters and feedback that browsers use.</summary>
public static class KnownCodecs
{
    public static RtpCodec Pcmu { get; } = new(0, "PCMU", 8000);

    public static RtpCodec Pcma { get; } = new(8, "PCMA", 8000);

    public static RtpCodec Opus { get; } = new(111, "opus", 48000, 2, new FormatParameters("minptime=10;useinbandfec=1"));

    public static RtpCodec Jpeg { get; } = new(26, "JPEG", 90000);

    /// <summary>H.264 with NACK, PLI and FIR.</summary>
    /// <param name="payloadType">Dynamic payload type.</param>
    /// <param name="profileLevelId">Six hexadecimal digits, e.g. 42e01f for Constrained Baseline 3.1.</param>
    /// <param name="packetizationMode">0 or 1.</param>
    public static RtpCodec H264(int payloadType, string profileLevelId = "42e01f", int packetizationMode = 1) =>
        new(payloadType, "H264", 90000, 1, new FormatParameters(string.Create(CultureInfo.InvariantCulture,
            $"level-asymmetry-allowed=1;packetization-mode={packetizationMode};profile-level-id={profileLevelId}")))
        { Feedback = VideoFeedback };

    public static RtpCodec H265(int payloadType) => new(payloadType, "H265", 90000) { Feedback = VideoFeedback };

    /// <summary>Retransmissions of another payload type (RFC 4588).</summary>
    public static RtpCodec Rtx(int payloadType, int associated, int clockRate = 90000) =>
        new(payloadType, "rtx", clockRate, 1, new FormatParameters(string.Create(CultureInfo.InvariantCulture, $"apt={associated}")));

    public static RtpCodec TelephoneEvent(int payloadType, int clockRate = 8000) => new(payloadType, "telephone-event", clockRate, 1, new FormatParameters("0-15"));

    private static IReadOnlyList<string> VideoFeedback => ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"];
}
