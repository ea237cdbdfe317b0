using System.Globalization;
using System.Text;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Turn.IO;

namespace MediaRelay.Server.Commands;

/// <summary>One look-in as text.</summary>
internal static class SessionStory
{
    /// <summary>Writes the story: who, path, grant, then steps in the order of their times.</summary>
    public static string Write(LookInEntry entry, IReadOnlyList<TurnTableRow> allocations)
    {
        var text = new StringBuilder();
        Line(text, $"{entry.Session}: {entry.Actor} ({entry.Role}) looks into {entry.Home} through camera {entry.Camera}{(entry.Purpose is { } purpose ? $" for \"{purpose}\"" : "")}");
        Line(text, $"  right    {entry.Grant}{(entry.Incident is { } incident ? $", incident {incident}" : "")}{(entry.Talked ? "; spoke" : "")}");
        Line(text, $"  from     {entry.From:yyyy-MM-dd HH:mm:ss.fff}Z");
        Line(text, entry.To is { } to ? (FormattableString)$"  to       {to:yyyy-MM-dd HH:mm:ss.fff}Z, after {(to - entry.From).TotalSeconds:0.0} s: {entry.Reason}" : $"  to       still runs");
        Line(text, $"  path     {entry.Path ?? "not known"}");
        Line(text, $"  grant    {entry.Gate ?? "None"}");
        Steps(text, "steps, ms since the request", entry.Steps);
        Steps(text, "gateway, ms since it took the offer", entry.GatewaySteps);
        if (entry.GateNotes is { Count: > 0 } notes)
        {
            Line(text, $"  gates, ms since the request");
            foreach (string note in notes)
            {
                string[] parts = note.Split(' ', 2);
                Line(text, $"  {parts[0],8} {parts[^1]}");
            }
        }

        foreach (TurnTableRow row in allocations)
            Line(text, $"  relays   {row.Client} over {row.Transport} as {string.Join(' ', row.Relayed)}, {row.BytesToPeer + row.BytesToClient} bytes in {row.AgeSeconds:0} s");
        return text.ToString();
    }

    private static void Steps(StringBuilder text, string title, IReadOnlyDictionary<string, double>? steps)
    {
        if (steps is not { Count: > 0 })
            return;
        Line(text, $"  {title}");
        foreach (var (name, after) in steps.OrderBy(s => s.Value))
            Line(text, $"  {after,8:0} {name}");
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
