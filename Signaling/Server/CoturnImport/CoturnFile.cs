namespace MediaRelay.Server.CoturnImport;

/// <summary>The lines of a turnserver.conf: <c>key=value</c>, <c>key</c>, or a comment with #.</summary>
internal sealed class CoturnFile
{
    private readonly List<(int Line, string Key, string Value)> _entries = [];
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public CoturnFile(IEnumerable<string> lines)
    {
        var number = 0;
        foreach (var raw in lines)
        {
            number++;
            var line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            var split = line.IndexOfAny(['=', ' ', '\t']);
            var key = split < 0 ? line : line[..split];
            var value = split < 0 ? "" : line[(split + 1)..].Trim().TrimStart('=').Trim().Trim('"');
            _entries.Add((number, key.TrimStart('-'), value));
        }
    }

    /// <summary>Entries that nobody asked for.</summary>
    public IEnumerable<(int Line, string Key, string Value)> Untaken => _entries.Where(e => !_taken.Contains(e.Key));

    public IReadOnlyList<(int Line, string Value)> All(string key)
    {
        _taken.Add(key);
        return [.. _entries.Where(e => e.Key == key).Select(e => (e.Line, e.Value))];
    }

    /// <summary>The value of the last entry, as coturn has it; null when there is none.</summary>
    public (int Line, string Value)? Last(string key) => All(key) is { Count: > 0 } found ? found[^1] : null;

    /// <summary>A switch is on unless its value is 0, false, no or off.</summary>
    public bool IsOn(string key) => Last(key) is { } found && found.Value.ToUpperInvariant() is not ("0" or "FALSE" or "NO" or "OFF");
}
