using System.Globalization;

namespace MediaRelay.Media.Sdp;

/// <summary>An RTP header extension of an a=extmap line (RFC 8285 section 5).</summary>
/// <param name="Id">Number in the packets, 1-14 for the one-byte form, up to 255 for the two-byte form.</param>
/// <param name="Uri">Name of the extension.</param>
/// <param name="Direction">Direction as the sender of the line sees it; null when it follows the section.</param>
public readonly record struct HeaderExtension(int Id, string Uri, MediaDirection? Direction = null)
{
    public const string Mid = "urn:ietf:params:rtp-hdrext:sdes:mid";
    public const string AudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
    public const string TransportSequenceNumber = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    public const string AbsoluteSendTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";

    /// <summary>Reads the value of an a=extmap line.</summary>
    public static bool TryParse(string text, out HeaderExtension extension)
    {
        extension = default;
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < 2) return false;
        var slash = parts[0].IndexOf('/', StringComparison.Ordinal);
        MediaDirection? direction = null;
        if (slash >= 0)
        {
            direction = parts[0][(slash + 1)..] switch
            {
                "sendrecv" => MediaDirection.SendRecv,
                "sendonly" => MediaDirection.SendOnly,
                "recvonly" => MediaDirection.RecvOnly,
                "inactive" => MediaDirection.Inactive,
                _ => null,
            };
            if (direction is null) return false;
        }
        var number = slash < 0 ? parts[0].AsSpan() : parts[0].AsSpan(0, slash);
        // 4096-4351 is the range in which an offerer may list more extensions than ids (RFC 8285 section 5).
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return false;
        if (id is not ((>= 1 and <= 255) or (>= 4096 and <= 4351))) return false;
        extension = new HeaderExtension(id, parts[1], direction);
        return true;
    }

    public override string ToString() =>
        Direction is { } direction
            ? string.Create(CultureInfo.InvariantCulture, $"{Id}/{MediaDirections.Name(direction)} {Uri}")
            : string.Create(CultureInfo.InvariantCulture, $"{Id} {Uri}");
}
