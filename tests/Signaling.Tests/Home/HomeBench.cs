using MediaRelay.Gateway.Home;
using MediaRelay.Signaling.Alarms;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>A home core with the time in the test's hand; what it keeps survives <see cref="Restart"/>.</summary>
internal sealed class HomeBench
{
    private readonly Dictionary<string, byte[]> _kept = [];
    private readonly TimeZoneInfo _zone;
    private HomeCore _home;
    private DateTimeOffset _true;

    public HomeBench(DateTimeOffset start, string zone = "UTC")
    {
        _zone = TimeZoneInfo.FindSystemTimeZoneById(zone);
        _true = start;
        _home = Start();
        Due();
    }

    /// <summary>True while no clock is set, as after a power cut without a network.</summary>
    public bool IsClockUnset { get; set; }

    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(10);

    public DateTimeOffset Utc => IsClockUnset ? DateTimeOffset.UnixEpoch + Now : _true;

    /// <summary>Everything that the core wanted since the last look, with the true time.</summary>
    public List<(DateTimeOffset At, HomeCommand Command)> Done { get; } = [];

    /// <summary>What was set, as "09:00 lamp on=true"; empties <see cref="Done"/>.</summary>
    public string[] Sets()
    {
        string[] sets = [.. Done.Where(one => one.Command is HomeCommand.SetProperty).Select(one => one.Command is HomeCommand.SetProperty set
            ? $"{one.At:MM-dd HH:mm} {set.Device.Ref} {string.Join(' ', set.Properties.Select(p => $"{p.Name}={p.Value}"))}" : "")];
        Done.Clear();
        return sets;
    }

    /// <summary>The events since the last look; empties <see cref="Done"/>.</summary>
    public SmaEvent[] Events()
    {
        SmaEvent[] events = [.. Done.Select(one => one.Command).OfType<HomeCommand.Emit>().Select(one => one.Draft)];
        Done.Clear();
        return events;
    }

    /// <summary>Lets time pass from one deadline to the next.</summary>
    public void Pass(TimeSpan by)
    {
        for (TimeSpan left = by; left > TimeSpan.Zero;)
        {
            TimeSpan step = _home.NextDeadline - Now;
            step = step > left ? left : step < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : step;
            (Now, _true, left) = (Now + step, _true + step, left - step);
            Due();
        }
    }

    /// <summary>The system's clock is set to another time; the monotonic one does not notice.</summary>
    public void Step(TimeSpan by)
    {
        _true += by;
        Due();
    }

    public void Restart(TimeSpan down = default)
    {
        _true += down;
        Now = TimeSpan.FromSeconds(5);
        _home = Start();
        Due();
    }

    public void SetClock()
    {
        DateTimeOffset start = _true - Now;
        IsClockUnset = false;
        _home.HandleClock(time => start + (time - DateTimeOffset.UnixEpoch));
        Due();
    }

    public void Report(string device, string name, string value) => Take(commands => _home.HandleReport(device, name, value, null, Utc, Now, commands));

    public void Reachable(string device, bool isReachable) => Take(commands => _home.HandleReachable(device, isReachable, Utc, commands));

    public void Failed(HomeCommand.SetProperty set, string failure) => Take(commands => HomeCore.HandleSet(set, failure, Utc, commands));

    /// <summary>Carries an instruction out; returns how it ended, null when a command will tell.</summary>
    public ResultBody? Do(string kind, DeviceBody? device = null, MessageBody? body = null)
    {
        var instruction = new Instruction { Id = "i", Time = Utc, Expires = Utc.AddMinutes(1), Kind = kind, Device = device, Body = body };
        int before = Done.Count;
        Take(commands => _home.HandleInstruction(instruction, Utc, Now, commands));
        return Done.Skip(before).Select(one => one.Command).OfType<HomeCommand.Emit>().Select(one => one.Draft).SingleOrDefault(one => one.Kind == SmaEventKinds.InstructionResult)?.Body as ResultBody;
    }

    public void Store(DirectiveBody directive) => Assert.Equal("done", Do(InstructionKinds.DirectiveCreate, null, directive)!.Outcome);

    public IEnumerable<DeviceBody> Devices => _home.Devices;

    public int Directives => _home.Directives.Count;

    private void Due() => Take(commands => _home.HandleDeadline(Utc, Now, commands));

    private void Take(Action<List<HomeCommand>> input)
    {
        var commands = new List<HomeCommand>();
        input(commands);
        foreach (HomeCommand.Keep keep in commands.OfType<HomeCommand.Keep>())
        {
            if (keep.Value is null)
                _kept.Remove(keep.Key);
            else
                _kept[keep.Key] = keep.Value;
        }

        Done.AddRange(commands.Select(command => (_true, command)));
    }

    private HomeCore Start()
    {
        HomeCore home = null!;
        Take(commands =>
        {
            home = new HomeCore(
                [new() { Ref = "door", Type = "contact", Zone = 1, Partition = 1 }, new() { Ref = "lamp", Type = "light" }, new() { Ref = "air", Type = "thermometer" }],
                [new Zone(1, "door", 1, ZoneKind.Instant, "131")], TimeSpan.Zero, _zone, commands);
            foreach ((string key, byte[] value) in _kept.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                home.Restore(key, value, Now, commands);
            home.Resume(Utc, Now, commands);
        });
        return home;
    }
}
