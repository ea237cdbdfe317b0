using MediaRelay.Gateway.Home;
using MediaRelay.Signaling.Alarms;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>The alarm panel through instructions: zones left out, questions, codes; and what is still known after a restart.</summary>
public sealed class HomePanelTests
{
    private static readonly DateTimeOffset Utc = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private readonly Dictionary<string, byte[]> _kept = [];
    private DateTimeOffset _utc = Utc;
    private HomeCore _home;
    private TimeSpan _now = TimeSpan.FromMinutes(5);

    public HomePanelTests() => _home = Start();

    [Fact]
    public void Every_change_of_a_partition_carries_its_words_and_what_is_left_of_a_delay()
    {
        SmaEvent armed = Assert.Single(Do(Arm("away")), e => e.Kind == SmaEventKinds.PartitionState);
        var body = Assert.IsType<PartitionBody>(armed.Body);
        Assert.Equal(("exit", "away", TimeSpan.FromSeconds(45)), (body.State, body.Mode, body.ExitDelay));
        Assert.Equal("Ann Example armed partition 1 away: 45 s to leave through a delayed zone.", body.Text);
        _now += TimeSpan.FromSeconds(46);
        Assert.Equal("The exit delay of partition 1 ended: it is armed away.", ((PartitionBody)Due().Single(e => e.Kind == SmaEventKinds.PartitionState).Body!).Text);
        SmaEvent entry = Report("door", "contact", "open").Single(e => e.Kind == SmaEventKinds.EntryStarted);
        Assert.Equal(("entry", TimeSpan.FromSeconds(20)), (((PartitionBody)entry.Body!).State, ((PartitionBody)entry.Body!).EntryDelay));
    }

    [Fact]
    public void A_panic_button_that_never_says_released_is_heard_each_time_it_is_pressed()
    {
        Assert.Equal([1, 0, 1, 0], ((double[])[0, 1, 6, 1]).Select(wait =>
        {
            _now += TimeSpan.FromSeconds(wait);
            return Report("smoke", "button", "pressed").Count(e => e.Kind == SmaEventKinds.AlarmRaised);
        }));
    }

    [Theory]
    [InlineData("window", "once", "done", "")]
    [InlineData("window", "always", "done", "")]
    [InlineData("smoke", "once", "refused", "Zone 4 (smoke) is watched day and night; it cannot be left out.")]
    [InlineData("window", "sometimes", "failed", "A bypass is off, once or always.")]
    public void A_zone_is_left_out_by_a_property_of_its_device(string device, string mode, string outcome, string words)
    {
        SmaEvent[] said = Do(Set(device, ("bypass", mode), ("by", "Ann Example")));
        var result = (ResultBody)said.Single(e => e.Kind == SmaEventKinds.InstructionResult).Body!;
        Assert.Equal((outcome, words), (result.Outcome, result.Text));
        Assert.Equal(outcome == "done" ? [mode] : [], said.Where(e => e.Kind == SmaEventKinds.DeviceState).Select(e => e.Device!.Properties.Single(p => p.Name == "bypass").Value));
    }

    [Theory]
    [InlineData("once", "off")]
    [InlineData("always", "always")]
    public void What_is_left_out_is_known_after_a_restart_and_ends_with_the_disarm_unless_it_was_for_good(string mode, string afterDisarm)
    {
        Do(Set("window", ("bypass", mode)));
        Do(Arm("night"));
        _home = Start();
        Assert.DoesNotContain(Report("window", "contact", "open"), e => e.Kind == SmaEventKinds.AlarmRaised);
        SmaEvent[] said = Do(Disarm());
        Assert.Equal(afterDisarm == "off" ? ["off"] : [], said.Where(e => e.Kind == SmaEventKinds.DeviceState).Select(e => e.Device!.Properties.Single(p => p.Name == "bypass").Value));
        Assert.Equal(afterDisarm != "off", _kept.ContainsKey("bypass/2"));
    }

    [Fact]
    public void The_question_what_if_is_answered_for_now_and_for_every_way_of_arming()
    {
        SmaEvent result = Assert.Single(Do(new Instruction
        {
            Id = "ask", Time = Utc, Expires = Utc.AddMinutes(1), Kind = InstructionKinds.PropertyGet,
            Device = new DeviceBody { Ref = "door", Properties = [new("what-if", ""), new("what-if-away", ""), new("what-if-stay", ""), new("what-if-night", "")] },
        }));
        Assert.Equal(
        [
            "Nothing: partition 1 is disarmed and zone 1 (door) is not watched day and night.", "Zone 1 (door) opened while partition 1 is armed away: 20 s to disarm, then an alarm.",
            "Zone 1 (door) opened while partition 1 is armed stay: 20 s to disarm, then an alarm.", "Zone 1 (door) opened while partition 1 is armed night: 20 s to disarm, then an alarm.",
        ], ((ResultBody)result.Body!).Text.Split('\n'));
    }

    [Fact]
    public void A_code_disarms_in_its_owner_s_name_and_never_leaves_the_home_again()
    {
        SmaEvent[] stored = Do(Set("panel", ("code-a1", Code("Cleaner", "4711"))));
        Assert.Equal("done", ((ResultBody)Assert.Single(stored).Body!).Outcome);
        _home = Start();
        Do(Arm("night"));
        Assert.Equal("The code is not known.", ResultOf(Do(Disarm("0000"))).Text);
        SmaEvent[] said = Do(Disarm("4711"));
        Assert.Equal("done", ResultOf(said).Outcome);
        Assert.Equal("Cleaner disarmed partition 1.", ((PartitionBody)said.Single(e => e.Kind == SmaEventKinds.PartitionState).Body!).Text);
        Do(Set("panel", ("code-a1", "")));
        Do(Arm("night"));
        Assert.Equal("refused", ResultOf(Do(Disarm("4711"))).Outcome);
        Assert.DoesNotContain("code/a1", _kept.Keys);
    }

    [Fact]
    public void A_duress_code_disarms_like_any_other_and_calls_for_help()
    {
        Do(Set("panel", ("code-d", Code("Ann", "9999", isDuress: true))));
        Do(Arm("night"));
        SmaEvent[] said = Do(Disarm("9999"));
        Assert.Equal("disarmed", ((PartitionBody)said.Single(e => e.Kind == SmaEventKinds.PartitionState).Body!).State);
        SmaEvent alarm = said.Single(e => e.Kind == SmaEventKinds.AlarmRaised);
        Assert.Equal(("121", EventPriority.Alarm), (alarm.Code, alarm.Priority));
    }

    [Fact]
    public void A_power_cut_in_the_entry_delay_does_not_save_a_burglar()
    {
        Do(Arm("night"));
        Report("door", "contact", "open");
        Report("door", "contact", "closed");
        SmaEvent alarm = Assert.Single(Restart(TimeSpan.FromSeconds(50)));
        Assert.Equal((SmaEventKinds.AlarmRaised, "134", (ushort?)1, EventPriority.Alarm), (alarm.Kind, alarm.Code, alarm.Zone, alarm.Priority));
        Assert.Equal("Alarm (entry/exit door): Zone 1 (door) opened and nobody disarmed within 20 s; the gateway was restarted meanwhile.", ((TextBody)alarm.Body!).Text);
        Assert.Equal([SmaEventKinds.AlarmCancelled, SmaEventKinds.PartitionState], Do(Disarm()).Where(e => e.Kind != SmaEventKinds.InstructionResult).Select(e => e.Kind));
    }

    [Theory]
    [InlineData(SmaEventKinds.AlarmRaised, 20)]
    [InlineData(null, 19)]
    public void A_delay_that_runs_goes_on_over_a_restart(string? kind, int seconds)
    {
        Do(Arm("night"));
        Report("door", "contact", "open");
        var body = Assert.IsType<PartitionBody>(Assert.Single(Restart(TimeSpan.FromSeconds(5))).Body);
        Assert.Equal(("entry", TimeSpan.FromSeconds(15)), (body.State, body.EntryDelay));
        Assert.Equal(TimeSpan.FromSeconds(15), Announced().EntryDelay);
        _now += TimeSpan.FromSeconds(seconds - 5);
        Assert.Equal(kind, Due().SingleOrDefault()?.Kind);
    }

    [Fact]
    public void Without_a_clock_it_begins_again_and_alarms_all_the_same()
    {
        Do(Arm("night"));
        Report("door", "contact", "open");
        _utc = DateTimeOffset.UnixEpoch;
        Assert.Equal(TimeSpan.FromSeconds(20), Assert.IsType<PartitionBody>(Assert.Single(Restart(TimeSpan.FromSeconds(5))).Body).EntryDelay);
        // What began again without a clock has no known end either.
        _utc = Utc;
        Assert.Equal(SmaEventKinds.AlarmRaised, Assert.Single(Restart(TimeSpan.FromSeconds(5))).Kind);
    }

    [Fact]
    public void Who_leaves_while_the_gateway_restarts_meets_no_entry_delay()
    {
        Do(Arm("away"));
        Restart(TimeSpan.FromSeconds(5));
        Assert.DoesNotContain(Report("door", "contact", "open"), e => e.Kind is SmaEventKinds.EntryStarted or SmaEventKinds.AlarmRaised);
    }

    [Fact]
    public void An_alarm_is_still_one_after_a_restart()
    {
        Do(Arm("night"));
        Report("window", "contact", "open");
        Assert.Empty(Restart(TimeSpan.FromSeconds(5)));
        Assert.Equal(("alarm", "night"), (Announced().State, Announced().Mode));
        Assert.Contains(Do(Disarm()), e => e.Kind == SmaEventKinds.AlarmCancelled);
    }

    [Fact]
    public void A_mode_that_was_kept_alone_means_armed()
    {
        _kept["mode/1"] = "away"u8.ToArray();
        Assert.Empty(Restart(TimeSpan.Zero));
        Assert.Equal(("armed", "away"), (Announced().State, Announced().Mode));
    }

    [Theory]
    [InlineData("window", "contact", "open", "alarm", "stay")]
    [InlineData("smoke", "smoke", "yes", "disarmed", "off")]
    public void An_alarm_says_itself_how_the_partition_was_armed(string device, string name, string value, string state, string mode)
    {
        if (mode != "off")
            Do(Arm(mode));
        SmaEvent alarm = Report(device, name, value).Single(e => e.Kind == SmaEventKinds.AlarmRaised);
        Assert.Equal((mode, state), (alarm.Mode, alarm.State));
        SmaEvent cancelled = Do(Disarm()).Single(e => e.Kind == SmaEventKinds.AlarmCancelled);
        Assert.Equal(("off", "disarmed"), (cancelled.Mode, cancelled.State));
    }

    [Fact]
    public void The_station_can_tell_a_typed_code_from_the_portal_and_from_a_schedule()
    {
        Do(Set("panel", ("code-a1", Code("Ann", "4711"))));
        Assert.Equal("407", Do(Arm("away")).Single(e => e.Kind == SmaEventKinds.PartitionState).Code);
        Assert.Equal("401", Do(Disarm("4711")).Single(e => e.Kind == SmaEventKinds.PartitionState).Code);
        Do(new Instruction
        {
            Id = "store", Time = Utc, Expires = Utc.AddMinutes(1), Kind = InstructionKinds.DirectiveCreate,
            Body = new DirectiveBody
            {
                Id = "leave", Version = 1, Type = "trigger", When = [new DirectiveCondition { Device = "window", Property = "contact", Value = "closed" }],
                Do = [new DirectiveAction { Kind = InstructionKinds.PartitionArm, Partition = 1, Mode = "away" }],
            },
        });
        Assert.Equal("403", Report("window", "contact", "closed").Single(e => e.Kind == SmaEventKinds.PartitionState).Code);
    }

    [Fact]
    public void An_arming_brings_its_own_entry_delay()
    {
        Instruction arm = Arm("night");
        Do(arm with { Body = (PartitionBody)arm.Body! with { EntryDelay = TimeSpan.FromSeconds(5) } });
        Assert.Equal(TimeSpan.FromSeconds(5), ((PartitionBody)Report("door", "contact", "open").Single(e => e.Kind == SmaEventKinds.EntryStarted).Body!).EntryDelay);
    }

    [Fact]
    public void A_zone_is_open_while_one_of_its_devices_is()
    {
        Do(Create("window-2", 2));
        Report("window", "contact", "open");
        Report("window-2", "contact", "open");
        Report("window-2", "contact", "closed");
        Assert.Equal("Zone 2 (window) is open. Close it or bypass it, then arm again.", ResultOf(Do(Arm("night"))).Text);
        Report("window", "contact", "closed");
        Assert.Equal("done", ResultOf(Do(Arm("night"))).Outcome);
        Assert.Contains(Report("window-2", "contact", "open"), e => e.Kind == SmaEventKinds.AlarmRaised);
        Report("window", "contact", "open");
        Assert.DoesNotContain(Report("window", "contact", "closed"), e => e.Kind == SmaEventKinds.AlarmRestored);
        Assert.Contains(Report("window-2", "contact", "closed"), e => e.Kind == SmaEventKinds.AlarmRestored);
    }

    [Fact]
    public void A_detector_that_is_still_on_does_not_silence_the_other_one_of_its_zone()
    {
        Do(Create("smoke-2", 4, "smoke"));
        Report("smoke", "smoke", "yes");
        Assert.Contains(Report("smoke-2", "smoke", "yes"), e => e.Kind == SmaEventKinds.AlarmRaised);
        Assert.DoesNotContain(Report("smoke-2", "smoke", "no"), e => e.Kind is SmaEventKinds.AlarmRaised or SmaEventKinds.AlarmRestored);
    }

    [Fact]
    public void A_sensor_that_takes_another_one_s_place_is_watched_in_its_zone_also_after_a_restart()
    {
        Do(Remove("window"));
        Assert.Equal("done", ResultOf(Do(Create("window-b", 2))).Outcome);
        Do(Arm("night"));
        Assert.Contains(Report("window-b", "contact", "open"), e => e.Kind == SmaEventKinds.AlarmRaised);
        Restart(TimeSpan.FromSeconds(5));
        Do(Disarm());
        Do(Arm("night"));
        Assert.Contains(Report("window-b", "contact", "open"), e => e.Kind == SmaEventKinds.AlarmRaised);
    }

    [Fact]
    public void A_zone_ends_with_its_last_device_and_not_before()
    {
        Do(Create("window-2", 2));
        Report("window", "contact", "open");
        Do(Remove("window"));
        Assert.Equal("done", ResultOf(Do(Arm("night"))).Outcome);
        Assert.Contains(Report("window-2", "contact", "open"), e => e.Kind == SmaEventKinds.AlarmRaised);
        Do(Disarm());
        Do(Remove("window-2"));
        Do(Create("window-3", 2));
        Assert.Equal("done", ResultOf(Do(Arm("night"))).Outcome);
    }

    [Fact]
    public void A_device_of_the_configuration_that_was_removed_stays_away_until_it_is_created_again()
    {
        Do(Remove("window"));
        Restart(TimeSpan.FromSeconds(5));
        Assert.Equal(["door", "smoke"], _home.Devices.Select(device => device.Ref));
        Assert.Equal("unknown-device", ResultOf(Do(Set("window", ("bypass", "once")))).Code);
        Do(Create("window", 2));
        Restart(TimeSpan.FromSeconds(5));
        Assert.Equal(["door", "smoke", "window"], _home.Devices.Select(device => device.Ref));
        Do(Arm("night"));
        Assert.Contains(Report("window", "contact", "open"), e => e.Kind == SmaEventKinds.AlarmRaised);
    }

    [Fact]
    public void Or_until_its_entry_in_the_configuration_is_another_one()
    {
        Do(Remove("window"));
        _kept["removed/window"] = KeptOf(_kept["removed/window"], "contact", "glass");
        Restart(TimeSpan.FromSeconds(5));
        Assert.Equal(["door", "smoke", "window"], _home.Devices.Select(device => device.Ref));
        Assert.DoesNotContain("removed/window", _kept.Keys);
    }

    [Fact]
    public void A_device_of_a_zone_that_does_not_exist_is_there_and_said_to_raise_no_alarm()
    {
        ResultBody result = ResultOf(Do(Create("cellar", 9)));
        Assert.Equal(("done", "no-zone", "Zone 9 is not in the configuration of this gateway: the device raises no alarm."), (result.Outcome, result.Code, result.Text));
    }

    [Fact]
    public void The_first_snapshot_says_what_each_zone_is()
    {
        var commands = new List<HomeCommand>();
        _home.HandleSession(Utc, _now, commands);
        DeviceBody door = Events(commands).Select(e => e.Body).OfType<HomeSnapshot>().SelectMany(s => s.Devices).Single(d => d.Ref == "door");
        Assert.Equal(["armed-in-stay=true", "bypass=off", "entry-delay=20", "zone-code=134", "zone-kind=delayed"], door.Properties.Select(p => $"{p.Name}={p.Value}"));
    }

    private static byte[] KeptOf(byte[] kept, string from, string to) => System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(kept).Replace(from, to, StringComparison.Ordinal));

    private static Instruction Create(string device, ushort zone, string type = "contact") => new()
    {
        Id = "create", Time = Utc, Expires = Utc.AddMinutes(1), Kind = InstructionKinds.DeviceCreate, Device = new DeviceBody { Ref = device, Type = type, Protocol = "simulated", Zone = zone, Partition = 1 },
    };

    private static Instruction Remove(string device) => new() { Id = "remove", Time = Utc, Expires = Utc.AddMinutes(1), Kind = InstructionKinds.DeviceRemove, Device = new DeviceBody { Ref = device } };

    private static Instruction Arm(string mode) => new() { Id = "arm", Time = Utc, Expires = Utc.AddMinutes(1), Kind = InstructionKinds.PartitionArm, Body = new PartitionBody { Id = 1, Mode = mode, User = "Ann Example" } };

    private static Instruction Disarm(string? code = null) => new()
    {
        Id = "off", Time = Utc, Expires = Utc.AddMinutes(1), Kind = InstructionKinds.PartitionDisarm,
        Body = new PartitionBody { Id = 1, Mode = "off", User = code is null ? "Ann" : null, CodeHash = code is null ? null : KeypadCode.HashOf("gw-1", code) },
    };

    private static Instruction Set(string device, params (string Name, string Value)[] properties) => new()
    {
        Id = "set", Time = Utc, Expires = Utc.AddMinutes(1), Kind = InstructionKinds.PropertySet, Device = new DeviceBody { Ref = device, Properties = [.. properties.Select(p => new DeviceProperty(p.Name, p.Value))] },
    };

    private static string Code(string name, string code, bool isDuress = false) => new KeypadCode("x", name, KeypadCode.HashOf("gw-1", code), IsDuress: isDuress).Write();

    private static ResultBody ResultOf(SmaEvent[] said) => (ResultBody)said.Single(e => e.Kind == SmaEventKinds.InstructionResult).Body!;

    private SmaEvent[] Do(Instruction instruction)
    {
        var commands = new List<HomeCommand>();
        _home.HandleInstruction(instruction, _utc, _now, commands);
        return Events(commands);
    }

    private SmaEvent[] Report(string device, string name, string value)
    {
        var commands = new List<HomeCommand>();
        _home.HandleReport(device, name, value, null, _utc, _now, commands);
        return Events(commands);
    }

    /// <summary>The gateway was away for some time; its monotonic time begins anew.</summary>
    private SmaEvent[] Restart(TimeSpan away)
    {
        _utc += away;
        _now = TimeSpan.FromSeconds(3);
        _home = Start(out List<HomeCommand> commands);
        return Events(commands);
    }

    /// <summary>What the first session says of the partition.</summary>
    private PartitionBody Announced()
    {
        var commands = new List<HomeCommand>();
        _home.HandleSession(_utc, _now, commands);
        return Events(commands).Select(e => e.Body).OfType<PartitionBody>().Single();
    }

    private SmaEvent[] Due()
    {
        var commands = new List<HomeCommand>();
        _home.HandleDeadline(_utc, _now, commands);
        return Events(commands);
    }

    private SmaEvent[] Events(List<HomeCommand> commands)
    {
        foreach (HomeCommand.Keep keep in commands.OfType<HomeCommand.Keep>())
        {
            if (keep.Value is null)
                _kept.Remove(keep.Key);
            else
                _kept[keep.Key] = keep.Value;
        }

        return [.. commands.OfType<HomeCommand.Emit>().Select(e => e.Draft)];
    }

    private HomeCore Start() => Start(out _);

    private HomeCore Start(out List<HomeCommand> commands)
    {
        commands = [];
        var home = new HomeCore(
            [new() { Ref = "door", Type = "contact", Zone = 1, Partition = 1 }, new() { Ref = "window", Type = "contact", Zone = 2, Partition = 1 }, new() { Ref = "smoke", Type = "smoke", Zone = 4, Partition = 1 }],
            [new(1, "door", 1, ZoneKind.Delayed, "134", EntryDelay: TimeSpan.FromSeconds(20)), new(2, "window", 1, ZoneKind.Instant, "131"), new(4, "smoke", 1, ZoneKind.TwentyFourHour, "111")],
            TimeSpan.FromSeconds(45), TimeZoneInfo.Utc, commands);
        foreach ((string key, byte[] value) in _kept.OrderByDescending(k => k.Key, StringComparer.Ordinal))
            home.Restore(key, value, _now, commands);
        home.Resume(_utc, _now, commands);
        return home;
    }
}
