using MediaRelay.Gateway.Directives;
using MediaRelay.Signaling.Alarms;

namespace MediaRelay.Gateway.Home;

/// <summary>
/// The home as the gateway knows it: devices and their values, the alarm panel, the directives. Pure: reports, instructions and
/// the time come in, commands are appended to the caller's list.
/// </summary>
public sealed partial class HomeCore : IHomeView
{
    private const string DeviceKey = "device/";
    private const string DirectiveKey = "directive/";
    private const string ModeKey = "mode/";
    private const string BypassKey = "bypass/";
    private const string CodeKey = "code/";
    private const string DelayedKey = "delayed/";
    private const string ScheduleKey = "schedule";

    private readonly SortedDictionary<string, Device> _devices = new(StringComparer.Ordinal);
    private readonly DirectiveBook _directives;
    private readonly AlarmPanel _panel;
    private readonly KeypadCodes _codes = new();
    private readonly TimeSpan _exitDelay;
    private readonly List<AlarmTransition> _transitions = [];
    private readonly List<DueAction> _due = [];
    private TimeSpan _nextMinute;

    /// <summary>Makes the home.</summary>
    /// <param name="devices">Devices of the configuration.</param>
    /// <param name="zones">Alarm zones of the configuration.</param>
    /// <param name="exitDelay">Exit delay when an arming names none.</param>
    /// <param name="zone">The home's time zone, for schedules.</param>
    /// <param name="commands">Takes what follows.</param>
    public HomeCore(IEnumerable<DeviceBody> devices, IEnumerable<Zone> zones, TimeSpan exitDelay, TimeZoneInfo zone, List<HomeCommand> commands)
    {
        _panel = new AlarmPanel(zones);
        _exitDelay = exitDelay;
        _directives = new DirectiveBook(zone);
        foreach (Zone watched in _panel.Zones.Values)
            _zones[watched.Number] = watched;
        foreach (DeviceBody device in devices)
        {
            DeviceBody body = _configured[device.Ref] = device with { Properties = [] };
            _devices[device.Ref] = new Device(body);
            commands.Add(new HomeCommand.AddDevice(device));
        }
    }

    /// <summary>The devices.</summary>
    public IEnumerable<DeviceBody> Devices => _devices.Values.Select(device => device.WithValues([]));

    /// <summary>The directives.</summary>
    public IReadOnlyCollection<DirectiveBody> Directives => _directives.All;

    /// <summary>When <see cref="HandleDeadline"/> has to be called.</summary>
    public TimeSpan NextDeadline
    {
        get
        {
            TimeSpan next = _nextMinute;
            if (_panel.NextDeadline is { } panel && panel < next)
                next = panel;
            return _directives.NextDeadline is { } delayed && delayed < next ? delayed : next;
        }
    }

    /// <summary>Takes back what <see cref="HomeCommand.Keep"/> kept, after a restart and before anything else; then comes <see cref="Resume"/>.</summary>
    public void Restore(string key, byte[] value, TimeSpan now, List<HomeCommand> commands)
    {
        if (RestorePanel(key, value, now) || RestoreDirectives(key, value))
            return;
        if (key.StartsWith(RemovedKey, StringComparison.Ordinal))
        {
            RestoreRemoved(key[RemovedKey.Length..], value, commands);
            return;
        }

        if (KeptMessage.Read(value) is not { } kept)
            return;
        if (key.StartsWith(DeviceKey, StringComparison.Ordinal) && kept.Device is { } device)
        {
            _devices[device.Ref] = new Device(device);
            commands.Add(new HomeCommand.AddDevice(device));
        }
        else if (key.StartsWith(DirectiveKey, StringComparison.Ordinal) && kept.Body is DirectiveBody directive)
        {
            _directives.TryStore(directive, out _);
        }
    }

    /// <summary>A device has a value.</summary>
    public void HandleReport(string deviceRef, string name, string value, string? cause, DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        if (!_devices.TryGetValue(deviceRef, out Device? device) || !SmaContract.IsId(name) || value.Length > 4096)
            return;
        bool isNew = device.Set(name, value, utcNow) | IsPressedAgain(deviceRef, name, value, now);
        if (!isNew && cause is null)
            return;
        // A filter may hold the report back, never the alarm panel or a trigger.
        if (cause is not null || !_directives.IsHeldBack(deviceRef, name, value, now))
            commands.Add(Emit(SmaEventKinds.DeviceState, utcNow, cause, EventPriority.Status, device.WithValues([name])));
        if (!isNew)
            return;
        if (device.Body.Zone is { } zone && IsOpen(name, value) is { } open)
        {
            HandleZone(zone, deviceRef, name, open, now);
            Report(utcNow, now, null, commands);
        }

        _directives.HandleChange(deviceRef, name, value, this, utcNow, now, _due);
        Act(utcNow, now, commands);
    }

    /// <summary>The first session after the start: tells what stands in the home and how its partitions are.</summary>
    public void HandleSession(DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        DescribeZones(utcNow);
        if (_devices.Count > 0)
            Query(new HomeQuery("all", null, null, []), null, utcNow, commands);
        foreach (PartitionView view in _panel.Snapshot())
        {
            commands.Add(Emit(SmaEventKinds.PartitionState, utcNow, null, EventPriority.Status, null, Describe(view, now, null)));
        }
    }

    /// <summary>A device answers no more, or again.</summary>
    public void HandleReachable(string deviceRef, bool isReachable, DateTimeOffset utcNow, List<HomeCommand> commands)
    {
        if (_devices.TryGetValue(deviceRef, out Device? device) && device.IsReachable != isReachable)
        {
            device.IsReachable = isReachable;
            commands.Add(Emit(isReachable ? SmaEventKinds.DeviceBack : SmaEventKinds.DeviceLost, utcNow, null, isReachable ? EventPriority.Status : EventPriority.Trouble, device.WithValues([])));
        }
    }

    /// <summary>Everything due is done; extra calls are harmless.</summary>
    public void HandleDeadline(DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        _panel.HandleDeadline(now, _transitions);
        Report(utcNow, now, null, commands);
        _directives.HandleDeadline(this, utcNow, now, _due);
        _nextMinute = now + TimeSpan.FromSeconds(60 - utcNow.Second) - TimeSpan.FromMilliseconds(utcNow.Millisecond);
        Act(utcNow, now, commands);
        foreach ((string reference, string name) in _directives.Release(now))
        {
            if (_devices.TryGetValue(reference, out Device? device) && device.Value(name) is { } value && !_directives.IsReported(reference, name, value) && !_directives.IsHeldBack(reference, name, value, now))
                commands.Add(Emit(SmaEventKinds.DeviceState, utcNow, null, EventPriority.Status, device.WithValues([name])));
        }
    }

    string? IHomeView.Value(string device, string property) => _devices.TryGetValue(device, out Device? found) ? found.Value(property) : null;

    string? IHomeView.Mode(byte partition) => View(partition) is { } view ? ModeName(view.Mode) : null;

    private PartitionView? View(byte partition) => _panel.Snapshot().FirstOrDefault(view => view.Number == partition);

    private bool Arm(byte partition, ArmMode mode, string user, TimeSpan exitDelay, IReadOnlyCollection<ushort> bypass, string? cause, DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands, out string? refusal, ArmOrigin origin = ArmOrigin.Automatic, TimeSpan? entryDelay = null)
    {
        if (!_panel.HandleArm(partition, new ArmRequest(mode, user, exitDelay) { Origin = origin, EntryDelay = entryDelay, Bypass = bypass }, now, _transitions, out refusal))
            return false;
        Report(utcNow, now, cause, commands);
        return true;
    }

    /// <summary>Turns the panel's transitions into events; each carries its words, and a running delay what is left of it.</summary>
    private void Report(DateTimeOffset utcNow, TimeSpan now, string? cause, List<HomeCommand> commands)
    {
        foreach (AlarmTransition transition in _transitions)
        {
            PartitionView? view = View(transition.Partition);
            bool isAlarm = transition.Kind.StartsWith("alarm.", StringComparison.Ordinal);
            commands.Add(new HomeCommand.Emit(new SmaEvent
            {
                Id = "", Seq = 0, Time = utcNow, Kind = transition.Kind, Cause = cause, Code = transition.Code, Partition = transition.Partition, Zone = transition.Zone,
                Priority = isAlarm ? EventPriority.Alarm : EventPriority.Status,
                Mode = isAlarm && view is not null ? ModeName(view.Mode) : null, State = isAlarm ? StateName(transition.State) : null,
                Body = transition.Kind is SmaEventKinds.PartitionState or SmaEventKinds.EntryStarted && view is not null ? Describe(view, now, transition.Words) : new TextBody(transition.Words),
            }));
        }

        if (_transitions.Count > 0)
            ReportBypass(utcNow, cause, commands);
        KeepPartitions(utcNow, now, commands);
        _transitions.Clear();
    }

    private static PartitionBody Describe(PartitionView view, TimeSpan now, string? words) => new()
    {
        Id = view.Number, Mode = ModeName(view.Mode), State = StateName(view.State), Bypass = view.Bypassed, Text = words,
        ExitDelay = view is { State: PartitionState.ExitDelay, Until: { } exit } ? exit - now : null,
        EntryDelay = view is { State: PartitionState.EntryDelay, Until: { } entry } ? entry - now : null,
    };


    private static HomeCommand.Emit Emit(string kind, DateTimeOffset utcNow, string? cause, EventPriority priority, DeviceBody? device, MessageBody? body = null) =>
        new(new SmaEvent { Id = "", Seq = 0, Time = utcNow, Kind = kind, Cause = cause, Priority = priority, Device = device, Zone = device?.Zone, Partition = device?.Partition, Body = body });

    private static bool? IsOpen(string name, string value) => (name, value) switch
    {
        ("contact", "open") or ("motion", "yes") or ("smoke", "yes") or ("leak", "yes") or ("glass", "broken") or ("button", "pressed") => true,
        ("contact", "closed") or ("motion", "no") or ("smoke", "no") or ("leak", "no") or ("glass", "whole") or ("button", "released") => false,
        _ => null,
    };

    private static ArmMode? ReadMode(string? mode) => mode switch
    {
        "away" => ArmMode.Away,
        "stay" => ArmMode.Stay,
        "night" => ArmMode.Night,
        "off" => ArmMode.Off,
        _ => null,
    };

    private static string ModeName(ArmMode mode) => mode.ToString().ToLowerInvariant();

    private static string StateName(PartitionState state) => state switch
    {
        PartitionState.ExitDelay => "exit",
        PartitionState.EntryDelay => "entry",
        PartitionState.Armed => "armed",
        PartitionState.Alarm => "alarm",
        _ => "disarmed",
    };

    private static EventPriority ReadPriority(string? priority) => priority switch
    {
        "alarm" => EventPriority.Alarm,
        "trouble" => EventPriority.Trouble,
        "bulk" => EventPriority.Bulk,
        _ => EventPriority.Status,
    };

    private sealed class Device(DeviceBody body)
    {
        private readonly SortedDictionary<string, DeviceProperty> _values = new(StringComparer.Ordinal);

        public DeviceBody Body { get; } = body;

        public bool IsReachable { get; set; } = true;

        public bool Set(string name, string value, DateTimeOffset at)
        {
            bool isNew = !_values.TryGetValue(name, out DeviceProperty? old) || old.Value != value;
            if (isNew && (old is not null || _values.Count < SmaContract.MaxProperties))
                _values[name] = new DeviceProperty(name, value, SmaTime.Truncate(at));
            return isNew;
        }

        public void Redate(Func<DateTimeOffset, DateTimeOffset> correct)
        {
            foreach (DeviceProperty property in _values.Values.ToList())
                _values[property.Name] = property with { At = property.At is { } at ? SmaTime.Truncate(correct(at)) : null };
        }

        public string? Value(string name) => _values.GetValueOrDefault(name)?.Value;

        public DateTimeOffset? At(string name) => _values.GetValueOrDefault(name)?.At;

        /// <summary>The device with some of its values, or all of them when no name is given.</summary>
        public DeviceBody WithValues(IReadOnlyList<string> names) =>
            Body with { IfAt = null, Properties = names.Count == 0 ? [.. _values.Values] : [.. _values.Values.Where(value => names.Contains(value.Name))] };
    }
}
