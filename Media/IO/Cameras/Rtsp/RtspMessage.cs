using System.Globalization;
using System.Text;

namespace MediaRelay.Media.IO.Cameras.Rtsp;

/// <summary>A response, or a request from the server, with its headers and body (RFC 2326 sections 4 to 7).</summary>
internal sealed class RtspMessage
{
    public const int LongestHead = 16 * 1024;
    public const int LongestBody = 64 * 1024;
    private const int MostHeaders = 100;

    private readonly List<(string Name, string Value)> _headers = [];

    /// <summary>Status code of a response; 0 for a request.</summary>
    public int Status { get; private init; }

    /// <summary>Reason phrase of a response, or method of a request.</summary>
    public string Phrase { get; private init; } = "";

    public byte[] Body { get; private set; } = [];

    public string? Header(string name)
    {
        foreach (var header in _headers)
        {
            if (header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) return header.Value;
        }
        return null;
    }

    public IEnumerable<string> Headers(string name) =>
        _headers.Where(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value);

    public int? Number(string name) =>
        int.TryParse(Header(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>
    /// Reads one message from the start of the bytes. False with an empty error means that more bytes are needed;
    /// false with an error means that the connection is of no use any more.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RtspMessage message, out int length, out string error)
    {
        message = null!;
        length = 0;
        error = "";
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0 || end > LongestHead)
        {
            if (end > LongestHead || bytes.Length > LongestHead) error = $"the head is longer than {LongestHead} bytes";
            return false;
        }
        var lines = Encoding.UTF8.GetString(bytes[..end]).Split("\r\n");
        if (!TryReadStartLine(lines[0], out var parsed) || lines.Length > MostHeaders + 1)
        {
            error = "the first line or the number of headers is not RTSP";
            return false;
        }
        foreach (var line in lines.AsSpan(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
            {
                error = "a header has no colon";
                return false;
            }
            parsed._headers.Add((line[..colon].Trim(), line[(colon + 1)..].Trim()));
        }
        var bodyLength = 0;
        if (parsed.Header("Content-Length") is not null)
        {
            if (parsed.Number("Content-Length") is not { } given || given > LongestBody)
            {
                error = $"Content-Length is not a number up to {LongestBody}";
                return false;
            }
            bodyLength = given;
        }
        if (bytes.Length < end + 4 + bodyLength) return false;
        parsed.Body = bytes.Slice(end + 4, bodyLength).ToArray();
        message = parsed;
        length = end + 4 + bodyLength;
        return true;
    }

    private static bool TryReadStartLine(string line, out RtspMessage message)
    {
        message = null!;
        var parts = line.Split(' ', 3);
        if (parts.Length < 2) return false;
        if (parts[0].StartsWith("RTSP/", StringComparison.Ordinal))
        {
            if (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status is < 100 or > 599) return false;
            message = new RtspMessage { Status = status, Phrase = parts.Length > 2 ? parts[2] : "" };
            return true;
        }
        if (parts.Length != 3 || !parts[2].StartsWith("RTSP/", StringComparison.Ordinal) || !parts[0].All(c => c is >= 'A' and <= 'Z' or '_')) return false;
        message = new RtspMessage { Phrase = parts[0] };
        return true;
    }
}
