using MediaRelay.Gateway.Directives;
using MediaRelay.Gateway.Home;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>Filters, conditions and what directives may ask; who hears of what could not be done; what is known after a restart.</summary>
public sealed class DirectiveTests
{
    private readonly HomeBench _home = new(new DateTimeOffset(2026, 6, 5, 21, 30, 0, TimeSpan.Zero));

    [Fact]
    public void A_filter_holds_reports_back_for_its_interval_and_the_last_value_follows_once()
    {
        _home.Store(Filter() with { MinInterval = TimeSpan.FromMinutes(1) });
        Assert.Equal(["20"], Reported("20"));
        Assert.Equal([], Reported("21"));
        _home.Pass(TimeSpan.FromSeconds(30));
        Assert.Equal([], Reported("22"));
        _home.Pass(TimeSpan.FromSeconds(29));
        Assert.Equal([], Values());
        _home.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(["22"], Values());
        _home.Pass(TimeSpan.FromHours(1));
        Assert.Equal([], Values());
    }

    [Fact]
    public void A_value_that_came_back_is_not_reported_again()
    {
        _home.Store(Filter() with { MinInterval = TimeSpan.FromMinutes(1) });
        Reported("20");
        Reported("21");
        Reported("20");
        _home.Pass(TimeSpan.FromHours(1));
        Assert.Equal([], Values());
    }

    [Fact]
    public void A_filter_holds_small_changes_back_for_good()
    {
        _home.Store(Filter() with { MinChange = 0.5m });
        Assert.Equal(["20"], Reported("20"));
        Assert.Equal([], Reported("20.4"));
        _home.Pass(TimeSpan.FromHours(1));
        Assert.Equal([], Values());
        Assert.Equal(["20.5"], Reported("20.5"));
        Assert.Equal(["off"], Reported("off"));
    }

    [Fact]
    public void A_report_that_one_of_two_filters_holds_does_not_count_for_the_other()
    {
        _home.Store(Filter("a") with { MinInterval = TimeSpan.FromMinutes(1) });
        _home.Store(Filter("b") with { MinChange = 5m });
        Reported("20");
        _home.Pass(TimeSpan.FromMinutes(2));
        Assert.Equal([], Reported("21"));
        Assert.Equal(["26"], Reported("26"));
    }

    [Theory]
    [InlineData("eq", "open", "open", true)]
    [InlineData("eq", "20", "20.0", true)]
    [InlineData("ne", "20", "20.0", false)]
    [InlineData("lt", "9", "10", true)]
    [InlineData("le", "10", "10", true)]
    [InlineData("gt", "9", "10", false)]
    [InlineData("ge", "10", "10", true)]
    [InlineData("any", "x", null, true)]
    public void Conditions_compare_numbers_as_numbers(string op, string value, string? wanted, bool holds)
    {
        _home.Store(Trigger(new DirectiveAction { Kind = "property.set", Device = "lamp", Property = "on", Value = "true" }) with
        {
            When = [new DirectiveCondition { Device = "air", Property = "temperature", Op = op, Value = wanted }],
        });
        _home.Report("air", "temperature", value);
        Assert.Equal(holds ? 1 : 0, _home.Sets().Length);
    }

    [Theory]
    [InlineData("22:00", "06:00", "no yes yes")]
    [InlineData("06:00", "22:00", "yes no no")]
    [InlineData("22:00", null, "no yes no")]
    [InlineData(null, "22:00", "yes no yes")]
    public void A_time_window_may_span_midnight_and_may_be_open(string? from, string? to, string expected)
    {
        _home.Store(Trigger(new DirectiveAction { Kind = "property.set", Device = "lamp", Property = "on", Value = "true" }) with { If = [new DirectiveCondition { From = Time(from), To = Time(to) }] });
        var fired = new List<string>();
        // It is 21:30, then 23:30, then 05:30.
        foreach (int hours in new[] { 0, 2, 6 })
        {
            _home.Pass(TimeSpan.FromHours(hours));
            _home.Report("door", "contact", "closed");
            _home.Report("door", "contact", "open");
            fired.Add(_home.Sets().Length == 1 ? "yes" : "no");
        }

        Assert.Equal(expected, string.Join(' ', fired));
    }

    [Fact]
    public void A_condition_on_another_device_or_on_the_mode_must_hold()
    {
        _home.Store(Trigger(new DirectiveAction { Kind = "property.set", Device = "lamp", Property = "on", Value = "true" }) with
        {
            If = [new DirectiveCondition { Device = "air", Property = "temperature", Op = "lt", Value = "18" }, new DirectiveCondition { Partition = 1, Mode = "off" }],
        });
        _home.Report("door", "contact", "open");
        Assert.Empty(_home.Sets());
        _home.Report("air", "temperature", "17");
        _home.Report("door", "contact", "closed");
        _home.Report("door", "contact", "open");
        Assert.Single(_home.Sets());
        _home.Report("door", "contact", "closed");
        Assert.Equal("done", _home.Do(InstructionKinds.PartitionArm, null, new PartitionBody { Id = 1, Mode = "night" })!.Outcome);
        _home.Report("door", "contact", "open");
        Assert.Empty(_home.Sets());
    }

    [Theory]
    [InlineData("siren.sing", "This gateway does not know the action siren.sing.")]
    [InlineData("property.set", "property.set needs a device, a property and a value.")]
    [InlineData("partition.arm", "partition.arm needs a partition and the mode away, stay, night or off.")]
    [InlineData("clip.record", "clip.record needs a device.")]
    public void What_this_gateway_cannot_do_is_refused_when_it_is_stored(string kind, string words)
    {
        ResultBody result = _home.Do(InstructionKinds.DirectiveCreate, null, Trigger(new DirectiveAction { Kind = kind }))!;
        Assert.Equal(("failed", words, 0), (result.Outcome, result.Text, _home.Directives));
    }

    [Fact]
    public void A_condition_that_names_half_of_what_it_compares_is_refused()
    {
        DirectiveBody half = Trigger(new DirectiveAction { Kind = "event.raise" }) with { If = [new DirectiveCondition { Property = "on", Value = "true" }] };
        Assert.Equal("failed", _home.Do(InstructionKinds.DirectiveCreate, null, half)!.Outcome);
        Assert.Equal("failed", _home.Do(InstructionKinds.DirectiveCreate, null, half with { If = [new DirectiveCondition { Partition = 1 }] })!.Outcome);
    }

    [Fact]
    public void An_older_deletion_does_not_delete_a_newer_directive()
    {
        _home.Store(Trigger(new DirectiveAction { Kind = "event.raise" }) with { Version = 5 });
        Assert.Equal("refused", _home.Do(InstructionKinds.DirectiveDelete, null, new DirectiveBody { Id = "d", Version = 4 })!.Outcome);
        Assert.Equal(1, _home.Directives);
        Assert.Equal("done", _home.Do(InstructionKinds.DirectiveDelete, null, new DirectiveBody { Id = "d", Version = 5 })!.Outcome);
        Assert.Equal("done", _home.Do(InstructionKinds.DirectiveDelete, null, new DirectiveBody { Id = "d", Version = 5 })!.Outcome);
        Assert.Equal(0, _home.Directives);
    }

    [Fact]
    public void A_home_has_a_bounded_number_of_directives_and_devices()
    {
        for (int i = 0; i < DirectiveBook.MaxDirectives; i++)
            _home.Store(Trigger(new DirectiveAction { Kind = "event.raise" }) with { Id = "d-" + i });
        Assert.Equal("refused", _home.Do(InstructionKinds.DirectiveCreate, null, Trigger(new DirectiveAction { Kind = "event.raise" }))!.Outcome);
        Assert.Equal("done", _home.Do(InstructionKinds.DirectiveModify, null, Trigger(new DirectiveAction { Kind = "event.raise" }) with { Id = "d-7", Version = 2 })!.Outcome);
        for (int i = 3; i < HomeCore.MaxDevices; i++)
            Assert.Equal("done", _home.Do(InstructionKinds.DeviceCreate, new DeviceBody { Ref = "n-" + i, Type = "light", Protocol = "simulated" })!.Outcome);
        Assert.Equal("refused", _home.Do(InstructionKinds.DeviceCreate, new DeviceBody { Ref = "n", Type = "light", Protocol = "simulated" })!.Outcome);
    }

    [Fact]
    public void What_a_directive_could_not_do_is_told()
    {
        _home.Store(Trigger(
            new DirectiveAction { Kind = "property.set", Device = "gone", Property = "on", Value = "true" },
            new DirectiveAction { Kind = "partition.arm", Partition = 1, Mode = "away" },
            new DirectiveAction { Kind = "property.set", Device = "lamp", Property = "on", Value = "true" }));
        _home.Report("door", "contact", "open");
        HomeCommand.SetProperty set = Assert.Single(_home.Done.Select(one => one.Command).OfType<HomeCommand.SetProperty>());
        _home.Failed(set, "The adaptor failed.");
        string[] words = [.. _home.Events().Where(one => one.Kind == SmaEventKinds.Log).Select(one => ((TextBody)one.Body!).Text)];
        Assert.Equal("Directive d: There is no device gone.", words[0]);
        Assert.StartsWith("Directive d: Zone 1 (door) is open", words[1], StringComparison.Ordinal);
        Assert.Equal("Directive d: Device lamp: The adaptor failed.", words[2]);
        Assert.Equal(3, words.Length);
    }

    [Fact]
    public void Two_clips_of_one_directive_have_names_of_their_own_that_fit()
    {
        _home.Store(Trigger(new DirectiveAction { Kind = "clip.record", Device = "cam-1" }, new DirectiveAction { Kind = "clip.record", Device = "cam-2" }) with { Id = new string('d', 64) });
        _home.Report("door", "contact", "open");
        string[] ids = [.. _home.Done.Select(one => one.Command).OfType<HomeCommand.Media>().Select(one => ((ClipBody)one.Instruction.Body!).Id)];
        Assert.Equal(2, ids.Distinct().Count());
        Assert.All(ids, id => Assert.True(SmaContract.IsId(id), id));
    }

    [Fact]
    public void Devices_and_directives_are_known_after_a_restart()
    {
        _home.Do(InstructionKinds.DeviceCreate, new DeviceBody { Ref = "siren", Type = "siren", Protocol = "simulated", Name = "Siren" });
        _home.Store(Trigger(new DirectiveAction { Kind = "property.set", Device = "siren", Property = "on", Value = "true" }));
        _home.Restart();
        Assert.Contains(_home.Devices, one => one is { Ref: "siren", Name: "Siren" });
        _home.Report("door", "contact", "open");
        Assert.Equal(["06-05 21:30 siren on=true"], _home.Sets());
        _home.Do(InstructionKinds.DeviceRemove, new DeviceBody { Ref = "siren" });
        _home.Do(InstructionKinds.DirectiveDelete, null, new DirectiveBody { Id = "d", Version = 1 });
        _home.Restart();
        Assert.Equal((0, false), (_home.Directives, _home.Devices.Any(one => one.Ref == "siren")));
    }

    [Theory]
    [InlineData(2, 1, "Siren", "done")]
    [InlineData(3, 1, "Siren", "failed")]
    [InlineData(2, 2, "Siren", "failed")]
    [InlineData(2, 1, "Horn", "failed")]
    public void A_device_is_there_already_only_when_it_is_the_same(int zone, int partition, string name, string outcome)
    {
        DeviceBody siren = new() { Ref = "siren", Type = "siren", Protocol = "simulated", Zone = 2, Partition = 1, Name = "Siren" };
        Assert.Equal("done", _home.Do(InstructionKinds.DeviceCreate, siren)!.Outcome);
        ResultBody result = _home.Do(InstructionKinds.DeviceCreate, siren with { Zone = (ushort)zone, Partition = (byte)partition, Name = name })!;
        Assert.Equal((outcome, "exists"), (result.Outcome, result.Code));
    }

    [Fact]
    public void A_device_that_answers_no_more_is_told_once_and_so_is_its_return()
    {
        _home.Events();
        foreach (bool isReachable in new[] { true, false, false, true })
            _home.Reachable("lamp", isReachable);
        _home.Reachable("unknown", false);
        Assert.Equal([(SmaEventKinds.DeviceLost, EventPriority.Trouble, "lamp"), (SmaEventKinds.DeviceBack, EventPriority.Status, "lamp")], _home.Events().Select(one => (one.Kind, one.Priority, one.Device!.Ref)));
    }

    private static DirectiveBody Filter(string id = "f") => new() { Id = id, Version = 1, Type = "filter", When = [new DirectiveCondition { Device = "air" }] };

    private static DirectiveBody Trigger(params DirectiveAction[] actions) =>
        new() { Id = "d", Version = 1, Type = "trigger", When = [new DirectiveCondition { Device = "door", Property = "contact", Value = "open" }], Do = actions };

    private static TimeOnly? Time(string? text) => text is null ? null : TimeOnly.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private string[] Reported(string value)
    {
        _home.Events();
        _home.Report("air", "temperature", value);
        return Values();
    }

    private string[] Values() => [.. _home.Events().Where(one => one is { Kind: SmaEventKinds.DeviceState, Device.Ref: "air" }).Select(one => one.Device!.Properties.Single().Value)];
}
