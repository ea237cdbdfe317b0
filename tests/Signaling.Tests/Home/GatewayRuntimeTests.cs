using MediaRelay.Gateway.Queue;
using MediaRelay.Gateway.Sensors;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Alarms;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.Tests.Contract;
using MediaRelay.Signaling.Tests.Server;
using Microsoft.Extensions.Logging.Abstractions;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>The gateway against the real server: instructions down, events up, with a good and with a bad network.</summary>
#pragma warning disable CA1001 // xunit calls DisposeAsync, which disposes the fields.
public sealed class GatewayRuntimeTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private CancellationTokenSource _stop = new();
    private readonly SimulatedAdaptor _adaptor = new();
    private readonly MemoryEventQueue _queue = new();
    private ServerRig _rig = null!;
    private GatewayRuntime _gateway = null!;
    private FaultyLink _link = null!;
    private Task _running = Task.CompletedTask;
    private int _next;

    public async Task InitializeAsync() => _rig = await ServerRig.StartAsync(options =>
    {
        options.RequestsPerSecond = 1000;
        options.EventsPerSecond = 10_000;
    });

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _gateway?.Dispose();
        _link?.Dispose();
        _stop.Dispose();
        _queue.Dispose();
        await _rig.DisposeAsync();
    }

    [Fact]
    public async Task Every_instruction_of_the_sheet_ends_in_one_result_that_names_it()
    {
        await StartAsync(new SimulatedFaults());
        foreach (string kind in InstructionKinds.All)
        {
            Instruction sample = Samples.Instructions.Single(one => one.Kind == kind);
            await _rig.Links.SendAsync(GatewayId, sample with { Id = kind, Time = DateTimeOffset.UtcNow, Expires = DateTimeOffset.UtcNow.AddMinutes(1) });
        }

        await UntilAsync(() => Results().Count == InstructionKinds.All.Count, "all results", 20);
        Dictionary<string, string> outcomes = Results().ToDictionary(one => one.Cause!, one => ((ResultBody)one.Body!).Outcome);
        Assert.All(InstructionKinds.All, kind => Assert.Contains(kind, outcomes.Keys));
        string[] refusedHere = ["media.invite", "media.offer", "media.answer", "media.candidate", "clip.request", "config.apply", "firmware.apply", "log.upload", "property.set", "property.get", "partition.arm"];
        Assert.All(outcomes, pair => Assert.True(pair.Value == "done" || refusedHere.Contains(pair.Key), $"{pair.Key} {pair.Value}"));
    }

    [Fact]
    public async Task Device_property_query_and_directive_work_as_the_seed_names_them()
    {
        await StartAsync(new SimulatedFaults());
        var lamp = new DeviceBody { Ref = "lamp", Type = "light", Protocol = "simulated", Name = "Lamp" };
        await DoAsync(InstructionKinds.DeviceCreate, "done", lamp);
        await DoAsync(InstructionKinds.DeviceCreate, "done", lamp);
        await DoAsync(InstructionKinds.PropertySet, "done", new DeviceBody { Ref = "lamp", Properties = [new DeviceProperty("on", "true")] });
        await UntilAsync(() => _rig.Storage.Properties.Read(GatewayId).Any(value => value is { Device: "lamp", Name: "on", Value: "true" }), "the server knows the lamp");
        await DoAsync(InstructionKinds.PropertySet, "refused", new DeviceBody { Ref = "lamp", IfAt = DateTimeOffset.UtcNow.AddMinutes(-1), Properties = [new DeviceProperty("on", "false")] });
        await DoAsync(InstructionKinds.PropertySet, "failed", new DeviceBody { Ref = "nothing", Properties = [new DeviceProperty("on", "false")] });
        await DoAsync(InstructionKinds.HomeQuery, "done", null, new HomeQuery("type", null, "light", []));
        await UntilAsync(() => Events(SmaEventKinds.HomeSnapshot).Any(one => one.Cause is not null && ((HomeSnapshot)one.Body!).Devices.Single().Properties.Single().Value == "true"), "the snapshot");
        DirectiveBody directive = new()
        {
            Id = "d", Version = 2, Type = "trigger", When = [new DirectiveCondition { Device = "door", Property = "contact", Value = "open" }],
            Do = [new DirectiveAction { Kind = "property.set", Device = "lamp", Property = "on", Value = "false" }],
        };
        await DoAsync(InstructionKinds.DirectiveCreate, "done", null, directive);
        await DoAsync(InstructionKinds.DirectiveModify, "refused", null, directive with { Version = 1 });
        _gateway.Report("door", "contact", "open");
        await UntilAsync(() => Events(SmaEventKinds.DirectiveFired).Count == 1, "the directive fired");
        await UntilAsync(() => _rig.Storage.Properties.Read(GatewayId).Any(value => value is { Device: "lamp", Name: "on", Value: "false" }), "the lamp is off");
        await DoAsync(InstructionKinds.DirectiveDelete, "done", null, directive);
        await DoAsync(InstructionKinds.DeviceRemove, "done", lamp);
        await UntilAsync(() => _rig.Storage.Properties.Read(GatewayId).All(value => value.Device != "lamp"), "the lamp is forgotten");
    }

    [Fact]
    public async Task An_expired_instruction_is_reported_and_never_carried_out()
    {
        await StartAsync(new SimulatedFaults());
        await _rig.Links.SendAsync(GatewayId, new Instruction
        {
            Id = "late", Time = DateTimeOffset.UtcNow.AddHours(-2), Expires = DateTimeOffset.UtcNow.AddHours(-1), Kind = InstructionKinds.PropertySet,
            Device = new DeviceBody { Ref = "door", Properties = [new DeviceProperty("locked", "false")] },
        });
        await UntilAsync(() => Results().Count == 1, "the result");
        Assert.Equal("expired", ((ResultBody)Results()[0].Body!).Outcome);
        Assert.Empty(Events(SmaEventKinds.DeviceState));
    }

    [Fact]
    public async Task An_armed_home_raises_an_alarm_with_its_code_without_the_operator()
    {
        await StartAsync(new SimulatedFaults());
        await DoAsync(InstructionKinds.PartitionArm, "done", null, new PartitionBody { Id = 1, Mode = "away", ExitDelay = TimeSpan.Zero });
        _gateway.Report("hall", "motion", "yes");
        await UntilAsync(() => Events(SmaEventKinds.AlarmRaised).Count == 1, "the alarm");
        SmaEvent alarm = Events(SmaEventKinds.AlarmRaised)[0];
        Assert.Equal(("132", (byte?)1, (ushort?)2, EventPriority.Alarm), (alarm.Code, alarm.Partition, alarm.Zone, alarm.Priority));
        await DoAsync(InstructionKinds.PartitionDisarm, "done", null, new PartitionBody { Id = 1, User = "owner" });
        await UntilAsync(() => Events(SmaEventKinds.AlarmCancelled).Count == 1, "the alarm is cancelled");
    }

    [Fact]
    public async Task Loss_duplicates_and_overtaking_lose_no_event_and_act_on_no_instruction_twice()
    {
        await StartAsync(new SimulatedFaults { LostRequests = 0.15, LostAnswers = 0.15, Duplicates = 0.2, Reordered = 0.2 });
        int begun = 0;
        var acted = new List<string>();
        _gateway.InstructionBegun = instruction => acted.Add(instruction.Id);
        for (int i = 0; i < 60; i++)
        {
            _gateway.Emit(new SmaEvent { Id = "", Seq = 0, Time = DateTimeOffset.UtcNow, Kind = "numbered", Priority = i % 10 == 0 ? EventPriority.Alarm : EventPriority.Status, Body = new TextBody(i.ToString(System.Globalization.CultureInfo.InvariantCulture)) });
            if (i % 3 == 0)
                await _rig.Links.SendAsync(GatewayId, Instruction("i-" + begun++, InstructionKinds.TimeHint));
            await Task.Delay(5);
        }

        await UntilAsync(() => Events("numbered").Count == 60 && Results().Count == begun && _gateway.Backlog == 0, "everything arrived", 40);
        Assert.Equal(Enumerable.Range(0, 60).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture)).Order(), Events("numbered").Select(one => ((TextBody)one.Body!).Text).Order());
        Assert.Equal(acted.Distinct().Count(), acted.Count);
        Assert.Equal(begun, acted.Count);
        Assert.True(_link.Injected > 10);
        Assert.Empty(_rig.Storage.Events.Verify().Faults);
    }

    [Fact]
    public async Task A_gateway_whose_clock_is_not_set_takes_the_servers()
    {
        await StartAsync(new SimulatedFaults(), isClockUnset: true);
        _gateway.Report("hall", "motion", "yes");
        await UntilAsync(() => Events(SmaEventKinds.DeviceState).Count == 1, "the state");
        Assert.False(Events(SmaEventKinds.DeviceState)[0].IsClockUnset);
        Assert.InRange((DateTimeOffset.UtcNow - Events(SmaEventKinds.DeviceState)[0].Time).TotalSeconds, -5, 10);
    }

    [Fact]
    public async Task A_queue_from_a_backup_loses_no_event_that_is_made_with_it()
    {
        string now = Path.Combine(_rig.Folder, "gateway"), backup = Path.Combine(_rig.Folder, "backup");
        using (var queue = new FileEventQueue(now))
        {
            await StartAsync(new SimulatedFaults(), queue: queue);
            await UntilAsync(() => Events(SmaEventKinds.PartitionState).Count == 1 && _gateway.Backlog == 0, "the first events");
            Directory.CreateDirectory(backup);
            File.Copy(Path.Combine(now, "gateway.queue"), Path.Combine(backup, "gateway.queue"));
            for (int i = 0; i < 5; i++)
                _gateway.Emit(Numbered(i));
            await UntilAsync(() => Events("numbered").Count == 5 && _gateway.Backlog == 0, "more events");
            await _stop.CancelAsync();
            await _running;
            _gateway.Dispose();
            _link.Dispose();
        }

        _stop = new CancellationTokenSource();
        using var old = new FileEventQueue(backup);
        string epoch = old.Epoch;
        await StartAsync(new SimulatedFaults(), queue: old);
        for (int i = 5; i < 10; i++)
            _gateway.Emit(Numbered(i));
        await UntilAsync(() => Events("numbered").Count == 10 && _gateway.Backlog == 0, "all events", 30);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), Events("numbered").Select(one => ((TextBody)one.Body!).Text).Order());
        Assert.NotEqual(epoch, old.Epoch);
        Assert.Empty(_rig.Storage.Events.Verify().Faults);
        await _stop.CancelAsync();
        await _running;
    }

    private static SmaEvent Numbered(int i) => new()
    {
        Id = "", Seq = 0, Time = DateTimeOffset.UtcNow, Kind = "numbered", Priority = i % 2 == 0 ? EventPriority.Alarm : EventPriority.Status, Body = new TextBody($"{i}"),
    };

    private async Task StartAsync(SimulatedFaults faults, bool isClockUnset = false, IEventQueue? queue = null)
    {
        _link = new FaultyLink(_rig.Link(), faults, 7);
        var profile = new GatewayProfile
        {
            Id = GatewayId,
            IsClockUnset = isClockUnset,
            Devices = [new DeviceBody { Ref = "door", Type = "contact", Zone = 1, Partition = 1 }, new DeviceBody { Ref = "hall", Type = "motion", Zone = 2, Partition = 1 }],
            Zones = [new Zone(1, "Front door", 1, ZoneKind.Delayed, "134", true, TimeSpan.FromSeconds(30)), new Zone(2, "Hall", 1, ZoneKind.Instant, "132", false)],
        };
        _gateway = new GatewayRuntime(profile, queue ?? _queue, _link, [_adaptor], new NoMedia(), TimeProvider.System, NullLogger.Instance);
        _running = _gateway.RunAsync(_stop.Token);
        await UntilAsync(() => _gateway.IsConnected, "the session", 30);
    }

    private async Task DoAsync(string kind, string outcome, DeviceBody? device, MessageBody? body = null)
    {
        string id = $"do-{++_next}";
        await _rig.Links.SendAsync(GatewayId, Instruction(id, kind) with { Device = device, Body = body });
        await UntilAsync(() => Results().Any(one => one.Cause == id), kind);
        Assert.Equal(outcome, ((ResultBody)Results().Single(one => one.Cause == id).Body!).Outcome);
    }

    private static Instruction Instruction(string id, string kind) => new() { Id = id, Time = DateTimeOffset.UtcNow, Expires = DateTimeOffset.UtcNow.AddMinutes(5), Kind = kind };

    private List<SmaEvent> Results() => Events(SmaEventKinds.InstructionResult);

    private List<SmaEvent> Events(string kind) => [.. _rig.Storage.Events.Read(0, 1000).Select(stored => stored.Event).Where(one => one.Kind == kind)];
}
