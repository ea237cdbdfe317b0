namespace MediaRelay.Gateway.Directives;

/// <summary>
/// Which reports the filters hold back. What an interval held back is reported once when the interval ends, so that the last value
/// always arrives; a change that is too small never is.
/// </summary>
internal sealed class ReportFilters
{
    private readonly Dictionary<(string Directive, string Device, string Property), (TimeSpan At, string Value)> _passed = [];
    private readonly Dictionary<(string Device, string Property), TimeSpan> _held = [];

    /// <summary>When <see cref="Release"/> has something; null when nothing is held.</summary>
    public TimeSpan? NextDeadline => _held.Count == 0 ? null : _held.Values.Min();

    /// <summary>True when a filter holds the report back; false passes it.</summary>
    public bool IsHeldBack(IEnumerable<DirectiveBody> directives, string device, string property, string value, TimeSpan now)
    {
        List<DirectiveBody> mine = [.. directives.Where(one => one is { Type: "filter", Enabled: true } && one.When.Any(when => DirectiveRules.Names(when, device, property)))];
        TimeSpan? later = null;
        bool isSmall = false;
        foreach (DirectiveBody directive in mine)
        {
            if (!_passed.TryGetValue((directive.Id, device, property), out (TimeSpan At, string Value) last))
                continue;
            if (directive.MinInterval is { } interval && now - last.At < interval && !(later > last.At + interval))
                later = last.At + interval;
            isSmall |= directive.MinChange is { } change && DirectiveRules.Number(value) is { } is_ && DirectiveRules.Number(last.Value) is { } was && Math.Abs(is_ - was) < change;
        }

        if (later is { } end)
            _held[(device, property)] = end;
        if (later is not null || isSmall)
            return true;
        _held.Remove((device, property));
        foreach (DirectiveBody directive in mine)
            _passed[(directive.Id, device, property)] = (now, value);
        return false;
    }

    /// <summary>Takes the properties whose interval is over.</summary>
    public List<(string Device, string Property)> Release(TimeSpan now)
    {
        List<(string Device, string Property)> over = [.. _held.Where(pair => pair.Value <= now).Select(pair => pair.Key)];
        foreach ((string Device, string Property) key in over)
            _held.Remove(key);
        return over;
    }

    /// <summary>True when the value is the one that was reported last.</summary>
    public bool IsKnown(string device, string property, string value) =>
        _passed.Any(pair => pair.Key.Device == device && pair.Key.Property == property) && _passed.All(pair => pair.Key.Device != device || pair.Key.Property != property || pair.Value.Value == value);

    /// <summary>The directive was changed or deleted.</summary>
    public void Forget(string directive)
    {
        foreach ((string, string, string) key in _passed.Keys.Where(key => key.Directive == directive).ToList())
            _passed.Remove(key);
    }
}
