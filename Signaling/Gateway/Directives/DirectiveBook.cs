using System.Globalization;
using System.Security.Cryptography;

namespace MediaRelay.Gateway.Directives;

/// <summary>
/// The logical directives of a home, carried out without the operator: filters hold reports back, triggers and schedules act.
/// Pure: values, the time and the home's local time come in, actions come out.
/// </summary>
public sealed class DirectiveBook
{
    private readonly SortedDictionary<string, DirectiveBody> _directives = new(StringComparer.Ordinal);
    private readonly PriorityQueue<DueAction, TimeSpan> _delayed = new();
    private readonly Dictionary<(string Directive, string Device, string Property), (TimeSpan At, string Value)> _passed = [];
    private DateTimeOffset? _minute;

    /// <summary>All directives.</summary>
    public IReadOnlyCollection<DirectiveBody> All => _directives.Values;

    /// <summary>When a delayed action is due, null when none is.</summary>
    public TimeSpan? NextDeadline => _delayed.TryPeek(out _, out TimeSpan due) ? due : null;

    /// <summary>Creates or changes a directive. The same version again is harmless; a lower one is refused.</summary>
    public bool TryStore(DirectiveBody directive, out string? refusal)
    {
        refusal = null;
        if (_directives.TryGetValue(directive.Id, out DirectiveBody? old) && old.Version > directive.Version)
        {
            refusal = $"Version {directive.Version} is older than the stored version {old.Version}.";
            return false;
        }

        _directives[directive.Id] = directive with { State = null, Hash = null };
        return true;
    }

    /// <summary>Deletes a directive; deleting the absent is harmless.</summary>
    public void Delete(string id) => _directives.Remove(id);

    /// <summary>SHA-256 of the directive as stored, so that both sides can compare.</summary>
    public static string Hash(DirectiveBody directive)
    {
        var x = new XmlOutput();
        SmaWriter.WriteInstruction(x, new Instruction { Id = "x", Seq = 1, Time = default, Expires = default, Kind = InstructionKinds.DirectiveCreate, Body = directive with { State = null, Hash = null } });
        return Convert.ToHexStringLower(SHA256.HashData(x.Written));
    }

    /// <summary>True when a filter holds the report back.</summary>
    public bool IsHeldBack(string device, string property, string value, TimeSpan now)
    {
        foreach (DirectiveBody directive in _directives.Values)
        {
            if (directive is not { Type: "filter", Enabled: true } || !directive.When.Any(when => Names(when, device, property)))
                continue;
            (string, string, string) key = (directive.Id, device, property);
            if (_passed.TryGetValue(key, out (TimeSpan At, string Value) last)
                && ((directive.MinInterval is { } interval && now - last.At < interval)
                    || (directive.MinChange is { } change && Number(value) is { } is_ && Number(last.Value) is { } was && Math.Abs(is_ - was) < change)))
            {
                return true;
            }

            _passed[key] = (now, value);
        }

        return false;
    }

    /// <summary>A property changed: appends the actions of triggers that are due now, and keeps the delayed ones.</summary>
    public void HandleChange(string device, string property, string value, IHomeView home, TimeOnly localTime, TimeSpan now, List<DueAction> due)
    {
        foreach (DirectiveBody directive in _directives.Values)
        {
            if (directive is { Type: "trigger", Enabled: true }
                && directive.When.Any(when => Names(when, device, property) && Holds(when.Op, value, when.Value))
                && directive.If.All(condition => IsTrue(condition, home, localTime)))
            {
                Start(directive, now, due);
            }
        }
    }

    /// <summary>Does what is due: delayed actions, and schedules whose minute began. Minutes that were missed by more than two are not made up for.</summary>
    public void HandleDeadline(IHomeView home, DateTimeOffset local, TimeSpan now, List<DueAction> due)
    {
        while (_delayed.TryPeek(out DueAction action, out TimeSpan at) && at <= now)
        {
            _delayed.Dequeue();
            due.Add(action);
        }

        DateTimeOffset minute = new(local.Ticks - (local.Ticks % TimeSpan.TicksPerMinute), local.Offset);
        if (_minute is null || minute < _minute || minute - _minute > TimeSpan.FromMinutes(3))
            _minute = minute - TimeSpan.FromMinutes(1);
        while (_minute < minute)
        {
            _minute += TimeSpan.FromMinutes(1);
            HandleMinute(home, _minute.Value, now, due);
        }
    }

    private void HandleMinute(IHomeView home, DateTimeOffset local, TimeSpan now, List<DueAction> due)
    {
        var time = TimeOnly.FromTimeSpan(local.TimeOfDay);
        string day = local.DayOfWeek.ToString()[..3].ToLowerInvariant();
        foreach (DirectiveBody directive in _directives.Values)
        {
            if (directive is { Type: "schedule", Enabled: true, At: { } at } && at.Hour == time.Hour && at.Minute == time.Minute
                && (directive.Days.Count == 0 || directive.Days.Contains(day))
                && directive.If.All(condition => IsTrue(condition, home, time)))
            {
                Start(directive, now, due);
            }
        }
    }

    private void Start(DirectiveBody directive, TimeSpan now, List<DueAction> due)
    {
        foreach (DirectiveAction action in directive.Do)
        {
            if (action.Delay == TimeSpan.Zero)
                due.Add(new DueAction(directive, action));
            else
                _delayed.Enqueue(new DueAction(directive, action), now + action.Delay);
        }
    }

    private static bool Names(DirectiveCondition condition, string device, string property) =>
        (condition.Device is null || condition.Device == device) && (condition.Property is null || condition.Property == property);

    private static bool IsTrue(DirectiveCondition condition, IHomeView home, TimeOnly local)
    {
        if (condition.Device is { } device && condition.Property is { } property
            && (home.Value(device, property) is not { } value || !Holds(condition.Op, value, condition.Value)))
        {
            return false;
        }

        if (condition.Partition is { } partition && condition.Mode is { } mode && home.Mode(partition) != mode)
            return false;
        return (condition.From, condition.To) switch
        {
            ({ } from, { } to) => local.IsBetween(from, to),
            ({ } from, null) => local >= from,
            (null, { } to) => local < to,
            _ => true,
        };
    }

    private static bool Holds(string op, string value, string? wanted)
    {
        if (op == "any" || wanted is null)
            return true;
        int order = Number(value) is { } left && Number(wanted) is { } right ? left.CompareTo(right) : string.CompareOrdinal(value, wanted);
        return op switch
        {
            "ne" => order != 0,
            "lt" => order < 0,
            "le" => order <= 0,
            "gt" => order > 0,
            "ge" => order >= 0,
            _ => order == 0,
        };
    }

    private static decimal? Number(string text) => decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number) ? number : null;
}
