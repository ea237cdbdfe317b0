using System.Globalization;
using System.Text;
using MediaRelay.Gateway.Directives;
using MediaRelay.Signaling.Alarms;

namespace MediaRelay.Gateway.Home;

/// <summary>What directives do, what of it is kept over a restart, and what happens when the clock is set.</summary>
public sealed partial class HomeCore
{
    private (DateTimeOffset Utc, DateTime Wall)? _keptSchedule;
    private uint _clips;

    /// <summary>The clock was set or corrected: values that were seen before get their true times, and schedules are looked at.</summary>
    /// <param name="correct">Gives the true time of one that was taken before.</param>
    public void HandleClock(Func<DateTimeOffset, DateTimeOffset> correct)
    {
        foreach (Device device in _devices.Values)
            device.Redate(correct);
        _nextMinute = TimeSpan.Zero;
    }

    private void Act(DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        for (int i = 0; i < _due.Count; i++)
        {
            (DirectiveBody directive, DirectiveAction action) = _due[i];
            commands.Add(Emit(SmaEventKinds.DirectiveFired, utcNow, null, EventPriority.Status, null,
                new DirectiveBody { Id = directive.Id, Version = directive.Version, State = "fired" }));
            if (Act(directive, action, utcNow, now, commands) is { } failure)
                commands.Add(Trouble(directive.Id, failure, utcNow));
        }

        _due.Clear();
        foreach ((string directive, string words) in _directives.Missed)
            commands.Add(Trouble(directive, words, utcNow));
        _directives.Missed.Clear();
        KeepDirectives(commands);
    }

    /// <summary>Does one action; a sentence says why it cannot be done.</summary>
    private string? Act(DirectiveBody directive, DirectiveAction action, DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        switch (action.Kind)
        {
            case InstructionKinds.PropertySet when action is { Device: { } target, Property: { } property, Value: { } value }:
                if (!_devices.TryGetValue(target, out Device? device))
                    return $"There is no device {target}.";
                commands.Add(new HomeCommand.SetProperty(device.Body, [new DeviceProperty(property, value)], null, directive.Id));
                return null;
            case InstructionKinds.PartitionArm when action is { Partition: { } partition } && ReadMode(action.Mode) is { } mode:
                return Arm(partition, mode, "directive", _exitDelay, [], null, utcNow, now, commands, out string? refusal) ? null : refusal ?? $"Partition {partition} was not armed.";
            case "event.raise":
                commands.Add(Emit(action.Event ?? SmaEventKinds.Log, utcNow, null, ReadPriority(action.Priority), null, new TextBody(action.Value ?? "")));
                return null;
            case "clip.record" when action.Device is { } camera:
                // The number tells apart the clips of one moment, and a cut name still fits an identifier.
                string id = string.Create(CultureInfo.InvariantCulture, $"{directive.Id[..Math.Min(directive.Id.Length, 30)]}-{utcNow.ToUnixTimeMilliseconds()}-{++_clips}");
                commands.Add(new HomeCommand.Media(new Instruction
                {
                    Id = id, Time = utcNow, Expires = utcNow.AddMinutes(5), Kind = InstructionKinds.ClipRequest,
                    Body = new ClipBody { Id = id, Camera = camera, From = utcNow.AddSeconds(-10), To = utcNow.AddSeconds(20) },
                }, directive.Id));
                return null;
            default:
                return $"This gateway cannot do {action.Kind}.";
        }
    }

    /// <summary>Keeps what directives still have to do, before anything of it acts.</summary>
    private void KeepDirectives(List<HomeCommand> commands)
    {
        foreach ((ulong number, DelayedAction? action) in _directives.Changes)
            commands.Add(new HomeCommand.Keep(DelayedKey + number.ToString(CultureInfo.InvariantCulture), action is null ? null : Encoding.ASCII.GetBytes(action.Write())));
        _directives.Changes.Clear();
        if (_directives.LastSchedule is { } last && last != _keptSchedule)
        {
            _keptSchedule = last;
            commands.Add(new HomeCommand.Keep(ScheduleKey, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{last.Utc.UtcTicks} {last.Wall.Ticks}"))));
        }
    }

    private bool RestoreDirectives(string key, byte[] value)
    {
        string text = Encoding.ASCII.GetString(value);
        if (key.StartsWith(DelayedKey, StringComparison.Ordinal))
        {
            if (ulong.TryParse(key.AsSpan(DelayedKey.Length), CultureInfo.InvariantCulture, out ulong number) && DelayedAction.Read(text) is { } action)
                _directives.Restore(number, action);
            return true;
        }

        if (key != ScheduleKey)
            return false;
        if (text.Split(' ') is [var utc, var wall] && long.TryParse(utc, CultureInfo.InvariantCulture, out long ticks) && long.TryParse(wall, CultureInfo.InvariantCulture, out long local)
            && ticks is > 0 and < 3155378975999999999 && local is > 0 and < 3155378975999999999)
        {
            _directives.LastSchedule = _keptSchedule = (new DateTimeOffset(ticks, TimeSpan.Zero), new DateTime(local));
        }

        return true;
    }
}
