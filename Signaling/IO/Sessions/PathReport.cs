using System.Globalization;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>Reads what a gateway says of its selected path: <c>far=ADDRESS:PORT near=ADDRESS:PORT relayed=0|1 over=udp|tcp steps=NAME:MS,...</c>.</summary>
internal static class PathReport
{
    /// <summary>A path in words, for people.</summary>
    public static string Words(SelectedPath path) => path.IsRelayed
        ? $"relayed by {path.FarEndpoint} over {(path.IsTcp ? "TCP" : "UDP")}"
        : $"to {path.FarEndpoint} without a relay of the home's own";

    public static SelectedPath? Read(string? text, out IReadOnlyDictionary<string, double> steps)
    {
        var times = new Dictionary<string, double>(StringComparer.Ordinal);
        steps = times;
        if (text is null || !text.StartsWith("far=", StringComparison.Ordinal) || text.Length > 1000)
            return null;
        Dictionary<string, string> parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2)).Where(p => p.Length == 2).GroupBy(p => p[0]).ToDictionary(g => g.Key, g => g.First()[1]);
        foreach (string step in parts.GetValueOrDefault("steps", "").Split(',', StringSplitOptions.RemoveEmptyEntries).Take(32))
        {
            int colon = step.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && double.TryParse(step.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double after))
                times[step[..colon]] = after;
        }

        return new SelectedPath(parts["far"], parts.GetValueOrDefault("near"), parts.GetValueOrDefault("relayed") == "1", parts.GetValueOrDefault("over") == "tcp");
    }
}
