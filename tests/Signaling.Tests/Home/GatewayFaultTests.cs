using MediaRelay.Gateway.Queue;
using MediaRelay.Gateway.Sensors;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using Microsoft.Extensions.Logging.Abstractions;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>A gateway with a wrong clock, no clock, an old queue or no server: nothing is lost, nothing acts late.</summary>
#pragma warning disable CA1001 // xunit calls DisposeAsync, which disposes the fields.
public sealed class GatewayFaultTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ServerStandIn _server = new();
    private readonly RecordingAdaptor _adaptor = new();
    private readonly MemoryEventQueue _queue = new();
    private GatewayRuntime? _gateway;
    private Task _running = Task.CompletedTask;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _gateway?.Dispose();
        _server.Dispose();
        _stop.Dispose();
        _queue.Dispose();
    }

    [Theory]
    [InlineData(31, 30, "done")]
    [InlineData(40_000, 30, "done")]
    [InlineData(-3600, -60, "expired")]
    public async Task Whether_an_instruction_is_still_wanted_is_judged_by_the_servers_time(int fast, int left, string outcome)
    {
        Start(new SteppedTime(TimeSpan.FromSeconds(fast)));
        _server.Instruct(Set("i", ("on", "true")) with { Expires = DateTimeOffset.UtcNow.AddSeconds(left) });
        await UntilAsync(() => _server.ResultOf("i") is not null, "the result");
        Assert.Equal((outcome, outcome == "done" ? 1 : 0), (_server.ResultOf("i")!.Outcome, _adaptor.Set.Count));
        Assert.InRange((DateTimeOffset.UtcNow - _server.Of(SmaEventKinds.InstructionResult)[0].Time).TotalSeconds, -5, 10);
    }

    [Fact]
    public async Task An_instruction_that_comes_before_the_servers_time_waits_for_it()
    {
        _server.IsBusy = true;
        _queue.StartInstructions("ie", 0);
        Start(new SteppedTime(TimeSpan.FromHours(-1)));
        _server.Instruct(Set("i", ("on", "true")) with { Expires = DateTimeOffset.UtcNow.AddMinutes(-1) });
        _gateway!.Emit(Alarm(_gateway.UtcNow));
        await UntilAsync(() => _server.Of("alarm.raised").Length == 1, "the alarm, and the instruction with its answer");
        _server.IsBusy = false;
        await UntilAsync(() => _server.ResultOf("i") is not null, "the result", 30);
        Assert.Equal(("expired", 0), (_server.ResultOf("i")!.Outcome, _adaptor.Set.Count));
    }

    [Fact]
    public async Task Without_a_clock_the_hello_says_so_and_what_was_queued_gets_its_true_times()
    {
        _server.IsDown = true;
        Start(new SteppedTime(DateTimeOffset.UnixEpoch.AddMinutes(1) - DateTimeOffset.UtcNow));
        DateTimeOffset before = DateTimeOffset.UtcNow;
        _gateway!.Report("lamp", "on", "true");
        await UntilAsync(() => _gateway.Backlog >= 1, "the event is queued");
        DateTimeOffset after = DateTimeOffset.UtcNow;
        _server.IsDown = false;
        await UntilAsync(() => _server.Of(SmaEventKinds.DeviceState).Length == 1 && _server.Of(SmaEventKinds.HomeSnapshot).Length == 1, "the state");
        Assert.True(_server.Hellos[0].IsClockUnset);
        SmaEvent state = _server.Of(SmaEventKinds.DeviceState)[0];
        Assert.False(state.IsClockUnset);
        Assert.InRange(state.Time, before.AddSeconds(-1), after.AddSeconds(1));
        Assert.InRange(state.Device!.Properties[0].At!.Value, before.AddSeconds(-1), after.AddSeconds(1));
        DeviceBody inSnapshot = ((HomeSnapshot)_server.Of(SmaEventKinds.HomeSnapshot)[0].Body!).Devices.Single(one => one.Ref == "lamp");
        Assert.Equal(state.Device.Properties[0].At, inSnapshot.Properties[0].At);
    }

    [Fact]
    public async Task An_alarm_without_a_clock_goes_before_the_hello_and_says_so()
    {
        _server.IsBusy = true;
        Start(new SteppedTime(DateTimeOffset.UnixEpoch - DateTimeOffset.UtcNow));
        _gateway!.Emit(Alarm(_gateway.UtcNow));
        await UntilAsync(() => _server.Of("alarm.raised").Length == 1, "the alarm");
        SmaEvent alarm = _server.Of("alarm.raised")[0];
        Assert.True(alarm.IsClockUnset);
        Assert.InRange(alarm.Monotonic!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task What_waits_from_a_start_without_a_clock_keeps_its_mark_and_is_not_too_old()
    {
        _queue.Append(Alarm(DateTimeOffset.UnixEpoch.AddSeconds(9)) with { Kind = "log", Priority = EventPriority.Status, IsClockUnset = true, Monotonic = TimeSpan.FromSeconds(9) });
        Start(TimeProvider.System);
        await UntilAsync(() => _server.Of("log").Length == 1, "the event");
        Assert.Equal((true, TimeSpan.FromSeconds(9)), (_server.Of("log")[0].IsClockUnset, _server.Of("log")[0].Monotonic));
    }

    [Fact]
    public async Task A_step_of_the_systems_clock_changes_nothing_once_the_server_told_the_time()
    {
        var time = new SteppedTime(DateTimeOffset.UnixEpoch - DateTimeOffset.UtcNow);
        Start(time);
        await UntilAsync(() => _gateway!.IsConnected, "the session");
        time.By = TimeSpan.Zero;
        Assert.InRange((DateTimeOffset.UtcNow - _gateway!.UtcNow).TotalSeconds, -2, 2);
        time.By = TimeSpan.FromDays(400);
        Assert.InRange((DateTimeOffset.UtcNow - _gateway.UtcNow).TotalSeconds, -2, 2);
    }

    [Fact]
    public async Task A_hint_that_does_not_fit_the_clock_leads_to_one_more_hello()
    {
        Start(TimeProvider.System);
        await UntilAsync(() => _gateway!.IsConnected, "the session");
        _server.Instruct(Hint("right", DateTimeOffset.UtcNow.AddSeconds(1.5)));
        await UntilAsync(() => _server.ResultOf("right") is not null, "the first hint");
        Assert.Single(_server.Hellos);
        _server.Instruct(Hint("wrong", DateTimeOffset.UtcNow.AddSeconds(50)));
        _server.Instruct(Hint("again", DateTimeOffset.UtcNow.AddSeconds(50)));
        await UntilAsync(() => _server.ResultOf("again") is not null && _server.Hellos.Count == 2, "the second hello");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Events_of_an_older_queue_do_not_pass_for_known_ones(bool isAlarmFirst)
    {
        string old = _queue.Epoch;
        _queue.Append(Alarm(DateTimeOffset.UtcNow) with { Kind = "log", Priority = EventPriority.Status });
        _server.Know(old, 5);
        _server.IsBusy = isAlarmFirst;
        Start(TimeProvider.System);
        _gateway!.Emit(Alarm(_gateway.UtcNow));
        await UntilAsync(() => _server.Of("alarm.raised").Length == 1, "the alarm");
        _server.IsBusy = false;
        await UntilAsync(() => _server.Of("log").Length == 1 && _gateway.Backlog == 0, "everything arrived", 30);
        Assert.NotEqual(old, _queue.Epoch);
        Assert.All(_server.Events, one => Assert.StartsWith(_queue.Epoch + "-", one.Id, StringComparison.Ordinal));
        Assert.Equal(_server.Events.Count, _server.Events.Select(one => one.Id).Distinct().Count());
    }

    [Fact]
    public async Task Events_too_far_behind_a_gap_that_nobody_can_fill_arrive_after_a_hello()
    {
        for (int i = 0; i < 6000; i++)
            _queue.Acknowledge(_queue.Append(Alarm(DateTimeOffset.UtcNow) with { Kind = "log", Priority = EventPriority.Status }).Seq);
        ulong last = _queue.Append(Alarm(DateTimeOffset.UtcNow)).Seq;
        _server.IsBusy = true;
        Start(TimeProvider.System);
        await UntilAsync(() => _server.HeldOff > 0, "the hello is held off");
        Assert.Empty(_server.Of("alarm.raised"));
        _server.IsBusy = false;
        await UntilAsync(() => _server.Of("alarm.raised").Any(one => one.Seq == last) && _gateway!.Backlog == 0, "the alarm", 30);
    }

    [Fact]
    public async Task Several_properties_are_set_one_after_the_other_and_one_that_fails_fails_the_instruction()
    {
        Start(TimeProvider.System);
        _server.Instruct(Set("i", ("broken", "1"), ("on", "true")));
        await UntilAsync(() => _server.ResultOf("i") is not null, "the result");
        Assert.Equal(("failed", "broken: It is broken."), (_server.ResultOf("i")!.Outcome, _server.ResultOf("i")!.Text));
        Assert.Equal(["broken=1", "on=true"], _adaptor.Set);
        Assert.Equal("on", Assert.Single(_server.Of(SmaEventKinds.DeviceState), one => one.Cause == "i").Device!.Properties.Single().Name);
        _server.Instruct(Set("j", ("on", "false"), ("level", "3")));
        await UntilAsync(() => _server.ResultOf("j") is not null, "the result");
        Assert.Equal(("done", 2), (_server.ResultOf("j")!.Outcome, _server.Of(SmaEventKinds.DeviceState).Count(one => one.Cause == "j")));
    }

    [Fact]
    public async Task A_directive_acts_without_a_server()
    {
        _server.IsDown = true;
        _queue.Keep("directive/d", MediaRelay.Gateway.Home.KeptMessage.Write(null, new DirectiveBody
        {
            Id = "d", Version = 1, Type = "trigger", When = [new DirectiveCondition { Device = "lamp", Property = "on", Value = "true" }],
            Do = [new DirectiveAction { Kind = "property.set", Device = "lamp", Property = "level", Value = "9" }, new DirectiveAction { Kind = "property.set", Device = "lamp", Property = "broken", Value = "9" }],
        }));
        Start(TimeProvider.System);
        _gateway!.Report("lamp", "on", "true");
        await UntilAsync(() => _adaptor.Set.Count == 2, "the directive acted");
        _server.IsDown = false;
        await UntilAsync(() => _server.Of(SmaEventKinds.Log).Length == 1, "the failure is told", 30);
        Assert.Equal("Directive d: Device lamp: It is broken.", ((TextBody)_server.Of(SmaEventKinds.Log)[0].Body!).Text);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(413)]
    public async Task A_clip_that_is_refused_for_good_is_not_sent_again(int status)
    {
        _server.OtherStatus = status;
        Start(TimeProvider.System);
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "clip");
        await _gateway!.UploadClipAsync(file, new ClipBody { Id = "c", Camera = "cam" }, null, CancellationToken.None);
        File.Delete(file);
        await UntilAsync(() => _server.Of(SmaEventKinds.ClipStored).Length == 1, "the end is told");
        Assert.Equal((1, 0UL), (_server.Others, ((ClipBody)_server.Of(SmaEventKinds.ClipStored)[0].Body!).Size));
    }

    [Fact]
    public async Task A_download_that_cannot_be_stored_ends_its_instruction()
    {
        _server.OtherStatus = 200;
        string folder = Directory.CreateTempSubdirectory("sma-downloads").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "staged-config.apply-1"));
        Start(TimeProvider.System, folder);
        _server.Instruct(Hint("i", DateTimeOffset.UtcNow) with { Kind = InstructionKinds.ConfigApply, Body = new ProvisioningBody { Version = "1" } });
        await UntilAsync(() => _server.ResultOf("i") is not null, "the result");
        Assert.Equal("failed", _server.ResultOf("i")!.Outcome);
        Directory.Delete(folder, true);
    }

    private void Start(TimeProvider time, string? folder = null)
    {
        var profile = new GatewayProfile { Id = "gw", Folder = folder, Devices = [new DeviceBody { Ref = "lamp", Type = "light", Protocol = "recording" }] };
        _gateway = new GatewayRuntime(profile, _queue, _server, [_adaptor], new NoMedia(), time, NullLogger.Instance);
        _running = _gateway.RunAsync(_stop.Token);
    }

    private static Instruction Hint(string id, DateTimeOffset time) => new() { Id = id, Time = time, Expires = DateTimeOffset.UtcNow.AddMinutes(1), Kind = InstructionKinds.TimeHint };

    private static Instruction Set(string id, params (string Name, string Value)[] properties) =>
        Hint(id, DateTimeOffset.UtcNow) with { Kind = InstructionKinds.PropertySet, Device = new DeviceBody { Ref = "lamp", Properties = [.. properties.Select(one => new DeviceProperty(one.Name, one.Value))] } };

    private static SmaEvent Alarm(DateTimeOffset time) => new() { Id = "", Seq = 0, Time = time, Kind = "alarm.raised", Code = "110", Priority = EventPriority.Alarm };

    private sealed class SteppedTime(TimeSpan by) : TimeProvider
    {
        public TimeSpan By { get; set; } = by;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + By;
    }

    private sealed class RecordingAdaptor : ISensorAdaptor
    {
        public List<string> Set { get; } = [];

        public string Protocol => "recording";

        public Task StartAsync(IDeviceReports reports, CancellationToken stopping) => Task.CompletedTask;

        public void Add(DeviceBody device)
        {
        }

        public void Remove(string device)
        {
        }

        public Task<string?> SetAsync(string device, string name, string value, CancellationToken cancellation)
        {
            lock (Set)
                Set.Add($"{name}={value}");
            return Task.FromResult(name == "broken" ? "It is broken." : null);
        }
    }
}
