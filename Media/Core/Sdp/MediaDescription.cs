using System.Globalization;

namespace MediaRelay.Media.Sdp;

/// <summary>One m= section (RFC 8866 section 5.14) with every line kept.</summary>
/// <param name="kind">Media type: audio, video, application, text ...</param>
/// <param name="port">Transport port; 0 is a rejected or bundle-only section, 9 is "sent later" with trickle ICE.</param>
/// <param name="protocol">Transport protocol, e.g. UDP/TLS/RTP/SAVPF.</param>
/// <param name="formats">Payload types, or other format names.</param>
public sealed class MediaDescription(string kind, int port, string protocol, params IEnumerable<string> formats) : SdpSection
{
    public string Kind { get; } = kind;

    public int Port { get; set; } = port;

    /// <summary>Number of consecutive port pairs; 1 unless the line says "port/count".</summary>
    public int PortCount { get; set; } = 1;

    public string Protocol { get; } = protocol;

    public List<string> Formats { get; } = [.. formats];

    /// <summary>Identification tag (RFC 5888), or null.</summary>
    public string? Mid => Attribute("mid");

    public bool IsBundleOnly => HasAttribute("bundle-only");

    /// <summary>Port 0 without bundle-only: the section is not used.</summary>
    public bool IsRejected => Port == 0 && !IsBundleOnly;

    public bool IsRtp => Protocol.Contains("RTP/", StringComparison.Ordinal);

    public bool IsDtls => Protocol.StartsWith("UDP/TLS/", StringComparison.Ordinal) || Protocol.StartsWith("TCP/TLS/", StringComparison.Ordinal)
        || Protocol.Contains("DTLS/", StringComparison.Ordinal);

    /// <summary>Direction attribute of this section alone, or null.</summary>
    public MediaDirection? OwnDirection => MediaDirections.Of(this);

    /// <summary>The raw a=candidate values, in order; read them with the ICE agent's Candidate.</summary>
    public IEnumerable<string> Candidates => Attributes("candidate");

    public bool HasEndOfCandidates => HasAttribute("end-of-candidates");

    /// <summary>The value of m=, as it is written.</summary>
    public string Header
    {
        get
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{Kind} {Port}");
            if (PortCount != 1) text += string.Create(CultureInfo.InvariantCulture, $"/{PortCount}");
            return $"{text} {Protocol} {string.Join(' ', Formats)}";
        }
    }

    /// <summary>All RTP formats in the order of preference, static ones filled in; unreadable ones are left out.</summary>
    public IReadOnlyList<RtpCodec> Codecs
    {
        get
        {
            var list = new List<RtpCodec>(Formats.Count);
            foreach (var format in Formats)
            {
                if (!int.TryParse(format, NumberStyles.None, CultureInfo.InvariantCulture, out var payloadType)) continue;
                if (Codec(payloadType, format) is { } codec) list.Add(codec);
            }
            return list;
        }
    }

    public IReadOnlyList<HeaderExtension> HeaderExtensions
    {
        get
        {
            var list = new List<HeaderExtension>();
            foreach (var value in Attributes("extmap"))
                if (HeaderExtension.TryParse(value, out var extension)) list.Add(extension);
            return list;
        }
    }

    /// <summary>Bandwidth of the first b=AS (kbit/s) or b=TIAS (bit/s) line, in bit/s; 0 when there is none.</summary>
    public long BitsPerSecond
    {
        get
        {
            foreach (var line in Lines)
            {
                if (line.Type != 'b') continue;
                if (line.Value.StartsWith("TIAS:", StringComparison.Ordinal) && long.TryParse(line.Value.AsSpan(5), out var bits)) return bits;
                if (line.Value.StartsWith("AS:", StringComparison.Ordinal) && long.TryParse(line.Value.AsSpan(3), out var kilobits)) return kilobits * 1000;
            }
            return 0;
        }
    }

    /// <summary>Sources that the a=ssrc lines name, in order and without repetition (RFC 5576).</summary>
    public IReadOnlyList<uint> Ssrcs
    {
        get
        {
            var list = new List<uint>();
            foreach (var value in Attributes("ssrc"))
            {
                var space = value.IndexOf(' ', StringComparison.Ordinal);
                if (uint.TryParse(space < 0 ? value : value.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var ssrc) && !list.Contains(ssrc)) list.Add(ssrc);
            }
            return list;
        }
    }

    /// <summary>Pairs (media source, its retransmission source) of the a=ssrc-group:FID lines.</summary>
    public IReadOnlyList<(uint Media, uint Rtx)> RtxGroups
    {
        get
        {
            var list = new List<(uint, uint)>();
            foreach (var value in Attributes("ssrc-group"))
            {
                var parts = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (parts is ["FID", var media, var rtx] && uint.TryParse(media, out var first) && uint.TryParse(rtx, out var second)) list.Add((first, second));
            }
            return list;
        }
    }

    private RtpCodec? Codec(int payloadType, string format)
    {
        var found = RtpCodec.Static(payloadType);
        var parameters = default(FormatParameters);
        List<string>? feedback = null;
        foreach (var line in Lines)
        {
            if (line.Type != 'a') continue;
            var value = line.AttributeValue;
            var space = value.IndexOf(' ', StringComparison.Ordinal);
            if (space < 1 || !(value.AsSpan(0, space).SequenceEqual(format) || (value[0] == '*' && space == 1))) continue;
            var rest = value[(space + 1)..].Trim();
            if (line.IsAttribute("rtpmap")) found = ReadRtpMap(payloadType, rest) ?? found;
            else if (line.IsAttribute("fmtp")) parameters = new FormatParameters(rest);
            else if (line.IsAttribute("rtcp-fb")) (feedback ??= []).Add(rest);
        }
        return found is null ? null : found with { Parameters = parameters, Feedback = feedback is null ? [] : feedback };
    }

    internal static RtpCodec? ReadRtpMap(int payloadType, string text)
    {
        var parts = text.Split('/');
        if (parts.Length is < 2 or > 3 || parts[0].Length == 0) return null;
        if (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var clock) || clock < 1) return null;
        var channels = 1;
        if (parts.Length == 3 && (!int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out channels) || channels is < 1 or > 255)) return null;
        return new RtpCodec(payloadType, parts[0], clock, channels);
    }

    /// <summary>Appends a codec: its number to m= and its rtpmap, fmtp and rtcp-fb lines.</summary>
    public void AddCodec(RtpCodec codec)
    {
        var number = codec.PayloadType.ToString(CultureInfo.InvariantCulture);
        Formats.Add(number);
        Add("rtpmap", codec.RtpMap);
        foreach (var feedback in codec.Feedback) Add("rtcp-fb", $"{number} {feedback}");
        if (!codec.Parameters.IsEmpty) Add("fmtp", $"{number} {codec.Parameters.Text}");
    }
}
