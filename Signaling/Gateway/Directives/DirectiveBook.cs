using System.Security.Cryptography;

namespace MediaRelay.Gateway.Directives;

/// <summary>
/// The logical directives of a home, carried out without the operator: filters hold reports back, triggers and schedules act.
/// Pure: values and the time come in, actions come out.
/// </summary>
/// <param name="zone">The home's time zone, for schedules and times of day.</param>
public sealed partial class DirectiveBook(TimeZoneInfo zone)
{
    /// <summary>Directives that a home may have.</summary>
    public const int MaxDirectives = 200;

    private readonly SortedDictionary<string, DirectiveBody> _directives = new(StringComparer.Ordinal);
    private readonly ReportFilters _filters = new();

    /// <summary>All directives.</summary>
    public IReadOnlyCollection<DirectiveBody> All => _directives.Values;

    /// <summary>Creates or changes a directive. The same version again is harmless; a lower one is refused. Actions that the old one still had to do are dropped.</summary>
    public bool TryStore(DirectiveBody directive, out string? refusal)
    {
        refusal = null;
        bool isKnown = _directives.TryGetValue(directive.Id, out DirectiveBody? old);
        if (old?.Version > directive.Version)
            refusal = $"Version {directive.Version} is older than the stored version {old.Version}.";
        else if (!isKnown && _directives.Count >= MaxDirectives)
            refusal = $"A home has {MaxDirectives} directives at most.";
        if (refusal is not null)
            return false;
        if (old is not null && (!directive.Enabled || Hash(old) != Hash(directive)))
            Forget(directive.Id);
        _directives[directive.Id] = directive with { State = null, Hash = null };
        return true;
    }

    /// <summary>Deletes a directive with the actions it still had to do; deleting the absent is harmless, an older version does not delete a newer one.</summary>
    public bool TryDelete(string id, uint version, out string? refusal)
    {
        refusal = null;
        if (_directives.TryGetValue(id, out DirectiveBody? old) && old.Version > version)
        {
            refusal = $"Version {version} is older than the stored version {old.Version}.";
            return false;
        }

        _directives.Remove(id);
        Forget(id);
        return true;
    }

    /// <summary>SHA-256 of the directive as stored, so that both sides can compare.</summary>
    public static string Hash(DirectiveBody directive)
    {
        var x = new XmlOutput();
        SmaWriter.WriteInstruction(x, new Instruction { Id = "x", Seq = 1, Time = default, Expires = default, Kind = InstructionKinds.DirectiveCreate, Body = directive with { State = null, Hash = null } });
        return Convert.ToHexStringLower(SHA256.HashData(x.Written));
    }

    /// <summary>True when a filter holds the report back; <see cref="Release"/> gives it back when it was for its time alone.</summary>
    public bool IsHeldBack(string device, string property, string value, TimeSpan now) => _filters.IsHeldBack(_directives.Values, device, property, value, now);

    /// <summary>Takes the properties that were held back for a time that is over now.</summary>
    public List<(string Device, string Property)> Release(TimeSpan now) => _filters.Release(now);

    /// <summary>True when the value is the one that the filters let through last.</summary>
    public bool IsReported(string device, string property, string value) => _filters.IsKnown(device, property, value);

    /// <summary>A property changed: appends the actions of triggers that are due now, and keeps the delayed ones.</summary>
    public void HandleChange(string device, string property, string value, IHomeView home, DateTimeOffset utcNow, TimeSpan now, List<DueAction> due)
    {
        TimeOnly? local = Session.GatewayClock.IsUnset(utcNow) ? null : TimeOnly.FromTimeSpan(TimeZoneInfo.ConvertTime(utcNow, zone).TimeOfDay);
        foreach (DirectiveBody directive in _directives.Values)
        {
            if (directive is { Type: "trigger", Enabled: true }
                && directive.When.Any(when => DirectiveRules.Names(when, device, property) && DirectiveRules.Holds(when.Op, value, when.Value))
                && directive.If.All(condition => DirectiveRules.IsTrue(condition, home, local)))
            {
                Start(directive, utcNow, now, due);
            }
        }
    }

    private void Forget(string id)
    {
        _filters.Forget(id);
        foreach (KeyValuePair<ulong, DelayedAction> pair in _delayed.Where(pair => pair.Value.Directive == id).ToList())
            Drop(pair.Key);
    }
}
