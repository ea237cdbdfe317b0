using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>Faults around a running Event Server (threats section 8): the database cut, a bug in a follower, a full queue, a silent home.</summary>
public sealed class ServerFaultTests : IAsyncLifetime
{
    private const string Base = "/sma/1/gw/" + GatewayId;

    private ServerRig _rig = null!;
    private SmaHttpLink _link = null!;

    public async Task InitializeAsync()
    {
        _rig = await ServerRig.StartAsync(options =>
        {
            options.MaxWaitingInstructions = 16;
            options.HoldTime = TimeSpan.FromSeconds(1);
            options.SuspectAfter = TimeSpan.FromSeconds(7);
        });
        _link = _rig.Link();
    }

    public async Task DisposeAsync()
    {
        _link.Dispose();
        await _rig.DisposeAsync();
    }

    [Fact]
    public async Task A_database_that_is_cut_off_is_503_and_everything_comes_through_when_it_is_back()
    {
        await PostEventsAsync(_link, GatewayId, "e", Event(1));
        using (var other = new SqliteDatabase(Path.Combine(_rig.Folder, SqliteStorage.FileName), readOnly: false))
        {
            other.Execute("BEGIN IMMEDIATE");
            // Many wait behind the lock; all are told together and not one after the other.
            SmaAnswer[] refusals = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PostAsync(_link, Base + "/events", EventsDocument(GatewayId, "e", Event(2)))));
            Assert.All(refusals, refused => Assert.Equal(503, refused.Status));
            Assert.All(refusals, refused => Assert.NotNull(refused.RetryAfter));
            Assert.False(_rig.Storage.IsWritable);
            Assert.Single(_rig.Storage.Events.Read(0, 10));
            other.Execute("ROLLBACK");
        }

        EventsAccepted accepted = await PostEventsAsync(_link, GatewayId, "e", Event(2), Event(3));
        Assert.Equal(3UL, accepted.UpTo);
        Assert.True(_rig.Storage.IsWritable);
        Assert.Empty(_rig.Storage.Events.Verify().Faults);
    }

    [Fact]
    public async Task A_silence_that_could_not_be_stored_is_stored_when_the_database_is_back()
    {
        await PostEventsAsync(_link, GatewayId, "e", Event(1));
        using (var other = new SqliteDatabase(Path.Combine(_rig.Folder, SqliteStorage.FileName), readOnly: false))
        {
            other.Execute("BEGIN IMMEDIATE");
            await UntilAsync(() => _rig.Logs.Lines.Any(line => line.Contains("4002 Gateway gw-0001 is Suspect", StringComparison.Ordinal)), "the refusal", 30);
            Assert.Empty(Made(GatewayId));
            other.Execute("ROLLBACK");
        }

        await UntilAsync(() => Made(GatewayId).Any(e => e.Kind == SmaEventKinds.GatewaySuspect), "the event");
        Assert.Single(Made(GatewayId), e => e.Kind == SmaEventKinds.GatewaySuspect);
    }

    [Fact]
    public async Task A_listener_that_throws_harms_neither_the_gateway_nor_the_other_listeners()
    {
        int heard = 0;
        using IDisposable bad = _rig.Links.OnEvents(_ => throw new InvalidOperationException("marker"));
        using IDisposable good = _rig.Links.OnEvents(events => heard += events.Count);
        Assert.Equal(2UL, (await PostEventsAsync(_link, GatewayId, "e", Event(1), Event(2))).UpTo);
        Assert.Equal(2, heard);
        Assert.Contains(_rig.Logs.Lines, line => line.Contains("A listener failed on the events of gateway gw-0001 from position 1 on", StringComparison.Ordinal));
    }

    [Fact]
    public void An_event_that_its_follower_cannot_take_is_passed_over()
    {
        var passed = new List<long>();
        StoredEvent At(long position, DeviceBody device) => new(position, GatewayId, "e", DateTimeOffset.UnixEpoch, Event((ulong)position) with { Device = device });
        List<PropertyValue> values = PropertyProjector.Values(
            [At(1, new DeviceBody { Ref = "d", Properties = null! }), At(2, new DeviceBody { Ref = "d", Properties = [new DeviceProperty("t", "21")] })], (_, _, position) => passed.Add(position));
        Assert.Equal([1L], passed);
        Assert.Equal("21", Assert.Single(values).Value);
    }

    [Fact]
    public async Task The_queue_of_a_home_out_of_reach_is_bounded_and_says_so()
    {
        for (int i = 0; i < 12; i++)
            await _rig.Links.SendAsync(Other, Order($"i-{i}", InstructionKinds.HomeQuery));
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => _rig.Links.SendAsync(Other, Order("more", InstructionKinds.HomeQuery)));
        Assert.True(refused.IsQueueFull);
        await _rig.Links.SendAsync(Other, Order("disarm", InstructionKinds.PartitionDisarm) with { Body = new PartitionBody { Id = 1 } });
        Assert.Equal((13, 1L), (_rig.Links.Waiting(Other).Count, _rig.Links.RefusedInstructions));
        Assert.Contains(_rig.Logs.Lines, line => line.Contains("Too many instructions wait for gateway gw-0002. ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_home_that_wants_it_gets_an_alarm_when_its_gateway_falls_silent_while_armed()
    {
        string home = _rig.Storage.Gateways.Find(GatewayId)!.Home;
        var armed = new HomeRecord { Id = home, Name = "Home", Gateway = GatewayId, Partitions = [new HomePartition(1, "armed", "away", DateTimeOffset.UtcNow, null, [], [])] };
        await _rig.Storage.Documents.SaveAsync([new StoredDocument("home", home, home, true, DateTimeOffset.UnixEpoch, PortalJson.Write(armed))]);
        await new ConnectivityRules(_rig.Storage).SaveAsync(home, GatewayId, new ConnectivityRule { LostAfter = TimeSpan.FromSeconds(10), OnSuspect = ConnectivityReport.Nothing, OnLost = ConnectivityReport.AlarmWhenArmed }, DateTimeOffset.UtcNow);
        await PostEventsAsync(_link, GatewayId, "e", Event(1));
        using SmaHttpLink other = _rig.Link(Other);
        await PostEventsAsync(other, Other, "e", Event(1));
        await UntilAsync(() => Made(GatewayId).Length == 2, "lost and alarm", 20);
        Assert.Equal([(SmaEventKinds.GatewayLost, EventPriority.Trouble, null), (SmaEventKinds.AlarmRaised, EventPriority.Alarm, ConnectivityRule.LostCode)], Made(GatewayId).Select(e => (e.Kind, e.Priority, e.Code)));
        Assert.All(Made(Other), e => Assert.NotEqual(SmaEventKinds.AlarmRaised, e.Kind));
        await PostEventsAsync(_link, GatewayId, "e", Event(2));
        await UntilAsync(() => Made(GatewayId).Length == 3, "back");
        Assert.Equal(SmaEventKinds.GatewayBack, Made(GatewayId)[2].Kind);
    }

    private SmaEvent[] Made(string gateway) => [.. _rig.Storage.Events.Read(0, 100).Where(e => e.Gateway == gateway && e.Epoch == StoredEvent.ServerEpoch).Select(e => e.Event)];

    private static Instruction Order(string id, string kind) => new() { Id = id, Time = DateTimeOffset.UtcNow, Expires = DateTimeOffset.UtcNow.AddMinutes(1), Kind = kind, Body = kind == InstructionKinds.HomeQuery ? new HomeQuery("all", null, null, []) : null };
}
