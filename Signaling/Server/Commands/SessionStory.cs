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

    /// <summary>Writes one line a look-in, in columns that other programs can cut; a table would be wrapped where no terminal says how wide it is.</summary>
    public static string List(IReadOnlyList<LookInEntry> entries, DateTimeOffset utcNow)
    {
        string[][] rows =
        [
            ["session", "from", "s", "home", "camera", "by", "grant", "frame-ms", "ended"],
            .. entries.Select(e => (string[])
            [
                e.Session, e.From.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture), ((e.To ?? utcNow) - e.From).TotalSeconds.ToString("0", CultureInfo.InvariantCulture), e.Home, e.Camera,
                e.Actor, e.Gate ?? "-", e.Steps is { } s && s.TryGetValue("first-frame", out double frame) ? frame.ToString("0", CultureInfo.InvariantCulture) : "-", e.To is null ? "runs" : e.Reason ?? "-",
            ]),
        ];
        int[] widths = [.. rows[0].Select((_, column) => rows.Max(r => r[column].Length))];
        return string.Concat(rows.Select(r => string.Join("  ", r.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd() + "\n"));
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
