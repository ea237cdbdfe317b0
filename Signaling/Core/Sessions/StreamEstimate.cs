using System.Globalization;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Signaling.Sessions;

/// <summary>
/// What one RTP stream puts on the access link: size of its IP packets and how many a second. The sizes are those that leave the
/// modem, with encryption, header extensions and relay framing.
/// </summary>
/// <param name="IpBytes">Size of a full packet.</param>
/// <param name="PacketsPerSecond">At the full rate.</param>
/// <param name="IsConstant">Every packet has this size and comes at this pace.</param>
internal readonly record struct StreamEstimate(int IpBytes, double PacketsPerSecond, bool IsConstant)
{
    private const int UdpAndRtp = 20;
    private const int DefaultPtime = 20;

    public double BytesPerSecond => IpBytes * PacketsPerSecond;

    /// <summary>Estimates a section for one direction.</summary>
    /// <param name="media">The section whose sender is meant: codecs, ptime, extensions, encryption.</param>
    /// <param name="receiver">The other side's section, whose bandwidth line limits the sender; null when not known.</param>
    public static StreamEstimate Of(MediaDescription media, MediaDescription? receiver, bool isV6, bool throughRelay, FlowPlannerSettings settings)
    {
        int overhead = (isV6 ? 40 : 20) + UdpAndRtp + ExtensionBytes(media) + TagBytes(media) + (throughRelay ? 4 : 0);
        return media.Kind == "video"
            ? Video(media, receiver, overhead, settings)
            : media.Codecs.Where(c => !IsAuxiliary(c)).Take(receiver is null ? int.MaxValue : 1).Select(c => Audio(c, media, receiver, overhead, settings))
                .DefaultIfEmpty(new StreamEstimate(160 + overhead, 50, false)).MaxBy(e => e.BytesPerSecond);
    }

    private static StreamEstimate Video(MediaDescription media, MediaDescription? receiver, int overhead, FlowPlannerSettings settings)
    {
        long stated = Smaller(media.BitsPerSecond, receiver?.BitsPerSecond ?? 0);
        double bits = Math.Min(stated > 0 ? stated : settings.VideoBitsPerSecond, settings.MaxBitsPerSecond);
        int payload = settings.VideoPacketBytes - 12;
        return new StreamEstimate(payload + overhead, bits / 8 / payload, false);
    }

    private static StreamEstimate Audio(RtpCodec codec, MediaDescription media, MediaDescription? receiver, int overhead, FlowPlannerSettings settings)
    {
        int ptime = PtimeOf(receiver) ?? PtimeOf(media) ?? (codec.Is("iLBC") && codec.Parameters.Number("mode", 30) == 30 ? 30 : DefaultPtime);
        double perSecond = 1000.0 / ptime;
        bool isConstant = !media.Codecs.Any(c => c.Is("CN"));
        if (codec.Is("opus"))
        {
            bool isCbr = codec.Parameters.Number("cbr", 0) == 1 && codec.Parameters.Number("usedtx", 0) == 0;
            int bits = codec.Parameters.Number("maxaveragebitrate", settings.OpusBitsPerSecond);
            return new StreamEstimate((int)Math.Ceiling(bits * ptime / 8000.0) + overhead, perSecond, isConstant && isCbr);
        }
        int? bytes = PayloadBytes(codec, ptime);
        bool hasSilence = codec.Is("G729") && !string.Equals(codec.Parameters["annexb"], "no", StringComparison.OrdinalIgnoreCase);
        return new StreamEstimate((bytes ?? 160) + overhead, perSecond, bytes is not null && isConstant && !hasSilence);
    }

    /// <summary>Payload of a codec of constant rate, or null.</summary>
    private static int? PayloadBytes(RtpCodec codec, int ptime) => codec.Name.ToUpperInvariant() switch
    {
        "PCMU" or "PCMA" or "G722" => 8 * ptime,
        "G726-16" => 2 * ptime,
        "G726-24" => 3 * ptime,
        "G726-32" => 4 * ptime,
        "G726-40" => 5 * ptime,
        "G729" => ptime,
        "G728" => 2 * ptime,
        "GSM" => 33 * ptime / 20,
        "ILBC" => codec.Parameters.Number("mode", 30) == 20 ? 38 * ptime / 20 : 50 * ptime / 30,
        "L16" => codec.ClockRate * codec.Channels * 2 * ptime / 1000,
        _ => null,
    };

    /// <summary>SRTP's addition to each packet (RFC 3711, RFC 7714). DTLS-SRTP is sized for AES-GCM, which we prefer and which is the largest.</summary>
    private static int TagBytes(MediaDescription media)
    {
        if (media.IsDtls) return 16;
        string suite = media.Attributes("crypto").FirstOrDefault() ?? "";
        if (suite.Contains("GCM", StringComparison.Ordinal)) return 16;
        if (suite.Contains("SHA1_32", StringComparison.Ordinal)) return 4;
        return media.Protocol.Contains("SAVP", StringComparison.Ordinal) ? 10 : 0;
    }

    /// <summary>One-byte header extensions (RFC 8285): four bytes, then each element, padded to four.</summary>
    private static int ExtensionBytes(MediaDescription media)
    {
        int elements = 0;
        foreach (HeaderExtension extension in media.HeaderExtensions)
        {
            elements += 1 + extension.Uri switch
            {
                var uri when uri.Contains("transport-wide-cc", StringComparison.Ordinal) => 2,
                var uri when uri.Contains("abs-send-time", StringComparison.Ordinal) || uri.Contains("toffset", StringComparison.Ordinal) => 3,
                var uri when uri.Contains("audio-level", StringComparison.Ordinal) || uri.Contains("video-orientation", StringComparison.Ordinal) => 1,
                var uri when uri.EndsWith(":mid", StringComparison.Ordinal) => Math.Max(1, media.Mid?.Length ?? 1),
                _ => 3,
            };
        }
        return elements == 0 ? 0 : 4 + ((elements + 3) & ~3);
    }

    private static bool IsAuxiliary(RtpCodec codec) => codec.IsRtx || codec.Is("telephone-event") || codec.Is("CN") || codec.Is("red") || codec.Is("ulpfec");

    private static int? PtimeOf(MediaDescription? media) =>
        int.TryParse(media?.Attribute("ptime"), NumberStyles.None, CultureInfo.InvariantCulture, out int ptime) && ptime is >= 5 and <= 200 ? ptime : null;

    private static long Smaller(long left, long right) => left == 0 ? right : right == 0 ? left : Math.Min(left, right);
}
