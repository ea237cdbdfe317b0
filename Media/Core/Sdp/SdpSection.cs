namespace MediaRelay.Media.Sdp;

/// <summary>
/// The lines of the session part or of one m= section, in their order. Typed properties look at these lines, so what
/// this code does not know is kept and written back unchanged.
/// </summary>
public abstract class SdpSection
{
    /// <summary>All lines behind v= or m=, in order.</summary>
    public List<SdpLine> Lines { get; } = [];

    public bool HasAttribute(string name)
    {
        foreach (var line in Lines)
            if (line.IsAttribute(name)) return true;
        return false;
    }

    /// <summary>Value of the first attribute of that name; empty for a flag, null when absent.</summary>
    public string? Attribute(string name)
    {
        foreach (var line in Lines)
            if (line.IsAttribute(name)) return line.AttributeValue;
        return null;
    }

    public IEnumerable<string> Attributes(string name)
    {
        foreach (var line in Lines)
            if (line.IsAttribute(name)) yield return line.AttributeValue;
    }

    public void Add(string name, string? value = null) => Lines.Add(SdpLine.Attribute(name, value));

    public void Add(char type, string value) => Lines.Add(new SdpLine(type, value));

    /// <summary>Replaces the first attribute of that name in its place, drops further ones, or appends it.</summary>
    public void Set(string name, string? value = null)
    {
        var at = Lines.FindIndex(l => l.IsAttribute(name));
        if (at < 0) { Add(name, value); return; }
        Lines[at] = SdpLine.Attribute(name, value);
        for (var i = Lines.Count - 1; i > at; i--)
            if (Lines[i].IsAttribute(name)) Lines.RemoveAt(i);
    }

    public void Remove(string name) => Lines.RemoveAll(l => l.IsAttribute(name));

    /// <summary>Value of the first line of that type, or null.</summary>
    public string? Value(char type)
    {
        foreach (var line in Lines)
            if (line.Type == type) return line.Value;
        return null;
    }

    /// <summary>The address of the c= line of this section (RFC 8866 section 5.7), or null.</summary>
    public string? ConnectionAddress
    {
        get
        {
            var parts = Value('c')?.Split(' ');
            return parts is { Length: 3 } ? parts[2].Split('/')[0] : null;
        }
    }

    /// <summary>The a=fingerprint lines of this section alone (RFC 8122).</summary>
    public IReadOnlyList<DtlsFingerprint> OwnFingerprints
    {
        get
        {
            var list = new List<DtlsFingerprint>();
            foreach (var text in Attributes("fingerprint"))
                if (DtlsFingerprint.TryParse(text, out var fingerprint, out _)) list.Add(fingerprint);
            return list;
        }
    }
}
