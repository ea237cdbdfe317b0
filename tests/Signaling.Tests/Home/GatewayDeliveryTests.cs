using MediaRelay.Gateway.Queue;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>The gateway's side of the delivery rules against a server that says what the test wants.</summary>
#pragma warning disable CA1001 // xunit calls DisposeAsync, which disposes the fields.
public sealed class GatewayDeliveryTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ManualTime _time = new();
    private readonly MemoryEventQueue _queue = new();
    private readonly ScriptedLink _link = new();
    private readonly List<string> _acted = [];
    private GatewayRuntime _gateway = null!;
    private Task _running = Task.CompletedTask;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _gateway?.Dispose();
        _link.Dispose();
        _stop.Dispose();
        _queue.Dispose();
    }

    [Fact]
    public async Task An_instruction_that_comes_late_in_the_other_get_is_waited_for_and_nothing_is_acknowledged_over_it()
    {
        await StartAsync();
        _link.Instruct(Numbered(2));
        await UntilAsync(() => _link.Polls.Length == 3, "the next GET");
        _time.Advance(TimeSpan.FromSeconds(6));
        _gateway.Report("door", "contact", "open");
        await UntilAsync(() => _link.Posts > 0, "a turn of the gateway after the wait");
        Assert.Empty(_acted);
        _link.Instruct(Numbered(1));
        await UntilAsync(() => _link.Results.Length == 2, "both results");
        Assert.Equal(["i-1", "i-2"], _acted);
        await UntilAsync(() => _link.Polls.Length == 4, "the next GET");
        Assert.Equal(["0", "0", "0", "2"], _link.Polls);
    }

    [Fact]
    public async Task A_gap_that_stays_is_asked_about_and_passed_over_only_as_far_as_the_server_says()
    {
        await StartAsync();
        _link.Instruct(Numbered(5));
        await UntilAsync(() => _link.Polls.Length == 3, "the next GET");
        _link.LastInstruction = 3;
        _time.Advance(TimeSpan.FromSeconds(21));
        _gateway.Report("door", "contact", "open");
        await UntilAsync(() => _link.Hellos == 2, "the hello that asks");
        _link.Instruct(Numbered(4));
        await UntilAsync(() => _link.Results.Length == 2, "both results");
        Assert.Equal(["i-4", "i-5"], _acted);
    }

    [Fact]
    public async Task Events_that_the_server_puts_off_are_sent_again_after_a_wait_and_not_at_once()
    {
        int alarms = 0;
        bool isPutOff = true;
        _link.OnEvents = batch =>
        {
            if (batch.Events[0].Priority != EventPriority.Alarm)
                return ScriptedLink.Accept(batch);
            alarms++;
            return ScriptedLink.Accepted(batch, 0, isPutOff ? [.. batch.Events.Select(one => new RejectedEvent(one.Seq, "later", 0, "Too far ahead."))] : []);
        };
        await StartAsync();
        _gateway.Emit(new SmaEvent { Id = "", Seq = 0, Time = DateTimeOffset.UtcNow, Kind = "alarm.raised", Priority = EventPriority.Alarm });
        await UntilAsync(() => _time.ArmedTimers == 1, "the wait");
        Assert.Equal(1, alarms);
        isPutOff = false;
        _time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => _gateway.Backlog == 0, "the alarm is taken");
        Assert.Equal(2, alarms);
    }

    [Fact]
    public async Task An_instruction_that_cannot_be_read_is_answered_in_its_turn_and_does_not_come_again()
    {
        await StartAsync();
        _link.Answer("""
            <instructions xmlns="urn:mediarelay:sma:1" gateway="gw" epoch="ie">
            <instruction id="i-1" seq="1" time="2026-11-21T08:15:28Z" expires="2126-11-21T08:15:28Z" kind="time.hint"/>
            <instruction id="i-2" seq="2" time="2026-11-21T08:15:28Z" expires="soon" kind="property.set"><device ref="d"><property name="p">1</property></device></instruction>
            <instruction id="i-3" seq="3" time="2026-11-21T08:15:28Z" expires="2126-11-21T08:15:28Z" kind="time.hint"/></instructions>
            """u8.ToArray());
        await UntilAsync(() => _link.Results.Length == 3, "three results");
        Assert.Equal([("i-1", "done", null), ("i-2", "failed", "schema"), ("i-3", "done", null)], _link.Results.OrderBy(one => one.Cause).Select(one => (one.Cause, ((ResultBody)one.Body!).Outcome, ((ResultBody)one.Body!).Code)));
        Assert.Equal(["i-1", "i-3"], _acted);
        await UntilAsync(() => _link.Polls[^1] == "3", "the acknowledgement");
    }

    [Fact]
    public async Task An_answer_that_cannot_be_read_is_a_failure_and_asked_for_again_after_a_wait()
    {
        await StartAsync();
        _link.Answer("<instructions/>"u8.ToArray());
        await UntilAsync(() => _time.ArmedTimers == 1, "the wait");
        Assert.Equal(2, _link.Polls.Length);
        _time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => _link.Polls.Length == 3, "the next GET");
    }

    [Fact]
    public async Task An_instruction_that_comes_again_under_a_new_number_is_not_done_again()
    {
        await StartAsync();
        _link.Instruct(Numbered(1), Numbered(2));
        await UntilAsync(() => _link.Results.Length == 2, "two results");
        _link.Instruct(Numbered(3) with { Id = "i-1" }, Numbered(4));
        await UntilAsync(() => _link.Results.Length == 4, "four results");
        Assert.Equal(["i-1", "i-2", "i-4"], _acted);
        Assert.Equal(("failed", "repeated"), _link.Results.Where(one => one.Cause == "i-1").Select(one => (ResultBody)one.Body!).Select(one => (one.Outcome, one.Code)).Last());
    }

    /// <summary>The session and the alarm lane both find the first server dead; together they must not end at it again.</summary>
    [Fact]
    public async Task Two_lanes_that_fail_side_by_side_change_the_server_once()
    {
        await StartAsync();
        _link.OnEvents = _ => ScriptedLink.Status(503);
        _link.OnHello = _ => ScriptedLink.Status(503);
        _gateway.Emit(new SmaEvent { Id = "", Seq = 0, Time = DateTimeOffset.UtcNow, Kind = "alarm.raised", Priority = EventPriority.Alarm });
        await UntilAsync(() => _link.Alternations == 1 && _time.ArmedTimers >= 2, "both lanes failed once");
        Assert.Equal(2, _link.Hellos);
    }

    /// <summary>The server then names the alarm's number, which is above the hello's, and misses what is below.</summary>
    [Fact]
    public async Task An_alarm_that_overtakes_the_hello_acknowledges_nothing_but_itself()
    {
        for (ulong seq = 1; seq <= 3; seq++)
            _queue.Append(Event(0, id: ""));
        var taken = new List<ulong>();
        var delay = new TaskCompletionSource();
        _link.OnEvents = batch =>
        {
            taken.AddRange(batch.Events.Select(one => one.Seq));
            return ScriptedLink.Accepted(batch, taken.Contains(3) ? 4ul : 0);
        };
        _link.OnHello = hello => _link.Welcome(hello.LastEvent == 3 ? 4ul : 0);
        _link.HelloDelay = delay.Task;
        Task starting = StartAsync();
        await UntilAsync(() => _link.Hellos == 1, "the hello");
        _gateway.Emit(new SmaEvent { Id = "", Seq = 0, Time = DateTimeOffset.UtcNow, Kind = "alarm.raised", Priority = EventPriority.Alarm });
        await UntilAsync(() => taken.Contains(4), "the alarm");
        delay.SetResult();
        await UntilAsync(() => _time.ArmedTimers >= 1, "the wait before the next hello");
        Assert.Equal(3, _gateway.Backlog);
        _time.Advance(TimeSpan.FromSeconds(1));
        await starting;
        await UntilAsync(() => _gateway.Backlog == 0, "the rest");
        Assert.Equal([1ul, 2, 3, 4], taken.Where(seq => seq <= 4).Order().ToArray());
    }

    private async Task StartAsync()
    {
        var profile = new GatewayProfile { Id = "gw", Devices = [new DeviceBody { Ref = "door", Type = "contact" }] };
        _gateway = new GatewayRuntime(profile, _queue, _link, [], new NoMedia(), _time, NullLogger.Instance) { InstructionBegun = instruction => _acted.Add(instruction.Id) };
        _running = _gateway.RunAsync(_stop.Token);
        await UntilAsync(() => _link.Held == 2, "both GETs are held");
    }

    private static Instruction Numbered(ulong seq) =>
        new() { Id = "i-" + seq, Seq = seq, Time = DateTimeOffset.UtcNow, Expires = DateTimeOffset.UtcNow.AddMinutes(5), Kind = InstructionKinds.TimeHint };
}
