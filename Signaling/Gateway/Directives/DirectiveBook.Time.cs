using MediaRelay.Gateway.Session;

namespace MediaRelay.Gateway.Directives;

/// <summary>What directives do later: schedules and delayed actions. Both are kept over a restart by the owner of the book.</summary>
public sealed partial class DirectiveBook
{
    private const int MaxDelayed = 256;

    private static readonly TimeSpan s_oneMinute = TimeSpan.FromMinutes(1);

    /// <summary>Minutes that are made up for, or waited for when the clock was set back; beyond it the clock counts as a new one.</summary>
    private static readonly TimeSpan s_missed = TimeSpan.FromMinutes(3);

    /// <summary>How long a schedule that was done is remembered: longer than any daylight saving repeats.</summary>
    private static readonly TimeSpan s_memory = TimeSpan.FromHours(3);

    /// <summary>An action that is later than this is not done any more.</summary>
    private static readonly TimeSpan s_tooLate = TimeSpan.FromHours(1);

    private readonly SortedDictionary<ulong, DelayedAction> _delayed = [];
    private readonly SortedDictionary<ulong, DelayedAction> _restored = [];
    private ulong _number;
    private DateTimeOffset? _minute;
    private DateTime _wall;

    /// <summary>When <see cref="HandleDeadline"/> has something besides the schedules; null when nothing waits.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan? next = _filters.NextDeadline;
            foreach (DelayedAction action in _delayed.Values)
            {
                if (!(next <= action.At))
                    next = action.At;
            }

            return next;
        }
    }

    /// <summary>Delayed actions that came or went since the owner last looked: their number, and null when they are over.</summary>
    public Dictionary<ulong, DelayedAction?> Changes { get; } = [];

    /// <summary>What was not done, as the directive and a sentence; the owner empties it.</summary>
    public List<(string Directive, string Words)> Missed { get; } = [];

    /// <summary>The last minute in which a schedule acted: in UTC, and on the clocks of the home.</summary>
    public (DateTimeOffset Utc, DateTime Wall)? LastSchedule { get; set; }

    /// <summary>Takes back a delayed action after a restart; it is looked at with the next deadline, when all directives are known.</summary>
    public void Restore(ulong number, DelayedAction action)
    {
        _restored[number] = action;
        _number = Math.Max(_number, number);
    }

    /// <summary>
    /// Does what is due: delayed actions, and schedules whose minute began. Every minute on the clocks of the home counts once: those that
    /// daylight saving leaves out are done with the first that follows, those that it repeats are not done again. Without a clock there are no schedules.
    /// </summary>
    public void HandleDeadline(IHomeView home, DateTimeOffset utcNow, TimeSpan now, List<DueAction> due)
    {
        Resume(utcNow, now);
        foreach (KeyValuePair<ulong, DelayedAction> pair in _delayed.Where(pair => pair.Value.At <= now).OrderBy(pair => pair.Value.At).ToList())
        {
            DirectiveBody directive = _directives[pair.Value.Directive];
            Drop(pair.Key);
            due.Add(new DueAction(directive, directive.Do[pair.Value.Index]));
        }

        if (GatewayClock.IsUnset(utcNow))
            return;
        DateTimeOffset minute = new(utcNow.UtcTicks - (utcNow.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        if (_minute is not { } last || (minute - last).Duration() > s_missed)
        {
            last = minute - s_oneMinute;
            _wall = Wall(last);
            if (LastSchedule is { } done && minute - done.Utc > -s_missed && minute - done.Utc < s_memory && done.Wall > _wall)
                _wall = done.Wall;
        }

        while (last < minute)
        {
            last += s_oneMinute;
            for (DateTime wall = Wall(last); _wall < wall;)
            {
                _wall += s_oneMinute;
                HandleMinute(home, last, now, due);
            }
        }

        _minute = last;
    }

    private void HandleMinute(IHomeView home, DateTimeOffset utc, TimeSpan now, List<DueAction> due)
    {
        var time = TimeOnly.FromDateTime(_wall);
        string day = _wall.DayOfWeek.ToString()[..3].ToLowerInvariant();
        foreach (DirectiveBody directive in _directives.Values)
        {
            if (directive is { Type: "schedule", Enabled: true, At: { } at } && at.Hour == time.Hour && at.Minute == time.Minute
                && (directive.Days.Count == 0 || directive.Days.Contains(day))
                && directive.If.All(condition => DirectiveRules.IsTrue(condition, home, time)))
            {
                LastSchedule = (utc, _wall);
                Start(directive, utc, now, due);
            }
        }
    }

    private void Start(DirectiveBody directive, DateTimeOffset utcNow, TimeSpan now, List<DueAction> due)
    {
        for (int i = 0; i < directive.Do.Count; i++)
        {
            DirectiveAction action = directive.Do[i];
            if (action.Delay == TimeSpan.Zero)
                due.Add(new DueAction(directive, action));
            else if (_delayed.Count < MaxDelayed)
                Delay(++_number, new DelayedAction(directive.Id, directive.Version, i, now + action.Delay, GatewayClock.IsUnset(utcNow) ? null : utcNow + action.Delay));
            else
                Missed.Add((directive.Id, $"{action.Kind} was not done: {MaxDelayed} actions wait already."));
        }
    }

    /// <summary>Delayed actions from before a restart: what is left of the delay, or all of it when no clock can tell.</summary>
    private void Resume(DateTimeOffset utcNow, TimeSpan now)
    {
        foreach ((ulong number, DelayedAction action) in _restored)
        {
            if (!_directives.TryGetValue(action.Directive, out DirectiveBody? directive) || directive.Version != action.Version || !directive.Enabled || action.Index < 0 || action.Index >= directive.Do.Count)
            {
                Drop(number);
                continue;
            }

            TimeSpan whole = directive.Do[action.Index].Delay, left = whole;
            if (action.Due is { } end && !GatewayClock.IsUnset(utcNow))
                left = end - utcNow;
            if (left < -s_tooLate)
            {
                Drop(number);
                Missed.Add((action.Directive, $"{directive.Do[action.Index].Kind} was not done: the gateway stood still until long after its time."));
                continue;
            }

            left = left < TimeSpan.Zero ? TimeSpan.Zero : left > whole ? whole : left;
            Delay(number, action with { At = now + left });
        }

        _restored.Clear();
    }

    private void Delay(ulong number, DelayedAction action)
    {
        _delayed[number] = action;
        Changes[number] = action;
    }

    private void Drop(ulong number)
    {
        _delayed.Remove(number);
        Changes[number] = null;
    }

    private DateTime Wall(DateTimeOffset utc) => TimeZoneInfo.ConvertTime(utc, zone).DateTime;
}
