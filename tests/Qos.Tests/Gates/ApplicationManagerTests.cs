using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Tests.Support;

namespace MediaRelay.Qos.Tests.Gates;

/// <summary>The application manager's promises: deadlines, order of journal and bytes, fail-over, recovery, orphans.</summary>
public sealed class ApplicationManagerTests
{
    [Fact]
    public void Without_a_policy_server_a_request_has_its_outcome_after_one_second_and_is_tried_later()
    {
        var world = new QosWorld();
        world.Servers[0].IsUp = false;
        world.Start();
        GateHandle gate = world.Manager.Request("s", Given.Request())[0];
        world.Run(TimeSpan.FromSeconds(0.999));
        Assert.Null(world.Manager.Last(gate));
        world.Run(TimeSpan.FromSeconds(0.002));
        Assert.Equal(GateEventKind.Unavailable, world.Manager.Last(gate)!.Kind);
        Assert.Empty(world.Manager.Journal);
        world.Servers[0].IsUp = true;
        world.Servers[0].Start();
        world.Run(TimeSpan.FromSeconds(31));
        Assert.Equal((GateEventKind.Set, GateState.Committed), (world.Manager.Last(gate)!.Kind, world.Manager.Last(gate)!.State));
    }

    [Fact]
    public void The_journal_is_written_before_the_gate_set_leaves_and_cleared_after_the_delete_is_acknowledged()
    {
        using var random = new CountingRandom(4);
        var manager = new ApplicationManager(Given.Manager, [], random);
        var commands = new List<ManagerCommand>();
        manager.Start(TimeSpan.Zero, commands);
        manager.HandleConnected(TimeSpan.Zero);
        manager.HandleReceived([.. VectorFile.Hex("pcmm/01-opn-v4.hex"), .. VectorFile.Hex("pcmm/03-req.hex")], TimeSpan.Zero, commands);
        manager.ConsumeOutput(manager.PendingOutput.Length);
        commands.Clear();
        GateHandle handle = manager.RequestGates("s", [Given.Request()], TimeSpan.Zero, commands)[0];
        var write = Assert.IsType<ManagerCommand.Write>(Assert.Single(commands));
        Assert.Equal((handle, default(GateId)), (write.Entry.Handle, write.Entry.Gate));
        Assert.True(CopsMessage.TryRead(manager.PendingOutput, out CopsMessage message, out _));
        Assert.True(PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage set));
        Assert.Equal(GateCommand.GateSet, set.Command);
        Assert.True(set.TryGetOpaque(out ulong opaque) && opaque == handle.Value);
    }

    [Fact]
    public void The_second_policy_server_takes_over_and_the_gates_stay()
    {
        QosWorld world = new QosWorld(serverCount: 2).Start();
        GateHandle gate = world.Manager.Request("s", Given.Request(spec: Given.Upstream with { T3 = 0 }))[0];
        world.Settle();
        world.Servers[0].Cut();
        world.Servers[0].IsUp = false;
        world.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(1, world.Manager.Engine.PolicyServer);
        Assert.True(world.Manager.Engine.IsOpen);
        Assert.Equal(1, world.Cmts[0].Engine.GateCount);
        world.Manager.Release("s");
        world.Settle();
        Assert.Equal(GateEventKind.Released, world.Manager.Last(gate)!.Kind);
        Assert.Equal(0, world.Cmts[0].Engine.GateCount);
    }

    [Fact]
    public void After_a_restart_adopted_gates_live_and_the_others_are_deleted_within_sixty_seconds()
    {
        QosWorld world = new QosWorld().Start();
        world.Manager.Request("kept", Given.Request(spec: Given.Upstream with { T3 = 0 }));
        world.Manager.Request("forgotten", Given.Request("10.1.0.8", spec: Given.Upstream with { T3 = 0 }));
        world.Settle();
        world.Manager.Restart();
        Assert.Equal(2, world.Manager.Events.Count(e => e.Kind == GateEventKind.Recovered));
        world.Manager.Do(e => e.AdoptGates("kept"));
        world.Run(TimeSpan.FromSeconds(60));
        Assert.Equal("kept", Assert.Single(world.Manager.Journal.Values).Session);
        Assert.Equal(Given.Subscriber("10.1.0.7"), Assert.Single(world.Cmts[0].Engine.Snapshot(world.Now).Gates).Subscriber);
    }

    [Fact]
    public void Gates_of_a_lost_journal_are_orphans_and_deleted_at_the_first_synchronisation()
    {
        QosWorld world = new QosWorld().Start();
        world.Manager.Request("s", Given.Request(spec: Given.Upstream with { T3 = 0 }));
        world.Settle();
        world.Manager.Journal.Clear();
        world.Manager.Restart();
        world.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(0, world.Cmts[0].Engine.GateCount);
        Assert.Equal(1, world.Manager.Engine.Counters.OrphansDeleted);
    }

    [Fact]
    public void A_gate_that_the_cmts_forgot_is_reported_lost_and_asked_for_again()
    {
        QosWorld world = new QosWorld().Start();
        GateHandle gate = world.Manager.Request("s", Given.Request(spec: Given.Upstream with { T3 = 0 }))[0];
        world.Settle();
        world.Cmts[0].Reboot();
        world.Run(TimeSpan.FromSeconds(10));
        Assert.Equal([GateEventKind.Set, GateEventKind.Lost, GateEventKind.Set], world.Manager.Events.Where(e => e.Gate == gate).Select(e => e.Kind));
        Assert.Equal(1, world.Cmts[0].Engine.GateCount);
    }

    [Fact]
    public void A_gate_set_without_an_answer_is_settled_by_synchronisation()
    {
        QosWorld world = new QosWorld(Given.Cmts with { DsxDelay = TimeSpan.FromSeconds(1.8) }).Start();
        GateHandle gate = world.Manager.Request("s", Given.Request(spec: Given.Upstream with { T3 = 0 }))[0];
        world.Run(TimeSpan.FromSeconds(1.5));
        Assert.Equal(GateEventKind.Unavailable, world.Manager.Last(gate)!.Kind);
        world.Manager.Cut(); // The answer comes while nobody is connected.
        world.Run(TimeSpan.FromSeconds(60));
        Assert.Equal(1, world.Cmts[0].Engine.GateCount);
        Assert.Equal(world.Cmts[0].Engine.Snapshot(world.Now).Gates[0].Id, world.Manager.Engine.Snapshot().Single().Gate);
        Assert.Equal(GateEventKind.Set, world.Manager.Last(gate)!.Kind);
    }

    [Fact]
    public void A_change_of_path_replaces_the_classifier_of_the_same_gate()
    {
        QosWorld world = new QosWorld().Start();
        GateRequest request = Given.Request();
        GateHandle gate = world.Manager.Request("s", request)[0];
        world.Settle();
        GateId id = world.Manager.Engine.Snapshot().Single().Gate;
        world.Manager.Modify(gate, request with { Classifiers = [request.Classifiers[0] with { SourcePortStart = 5000, SourcePortEnd = 5000 }, request.Classifiers[0] with { Id = 2 }] });
        world.Settle();
        world.Manager.Modify(gate, request with { Classifiers = [request.Classifiers[0] with { Id = 2 }] });
        world.Settle();
        Assert.Equal(id, world.Manager.Engine.Snapshot().Single().Gate);
        Assert.Equal(3, world.Manager.Events.Count(e => e is { Kind: GateEventKind.Set }));
        Assert.Equal(1, world.Cmts[0].Engine.Snapshot(world.Now).Gates[0].Classifiers);
        Assert.Equal(0, world.Manager.Engine.Counters.Refused);
    }

    [Fact]
    public void Silence_is_told_and_a_refresh_keeps_the_gate()
    {
        QosWorld world = new QosWorld().Start();
        GateHandle gate = world.Manager.Request("s", Given.Request())[0];
        world.Run(TimeSpan.FromSeconds(61));
        Assert.Equal((GateEventKind.Reported, GateReason.T3Expired), (world.Manager.Last(gate)!.Kind, world.Manager.Last(gate)!.Reason));
        world.Manager.Refresh(gate);
        world.Settle();
        Assert.Equal(GateState.Committed, world.Manager.Last(gate)!.State);
        world.Run(TimeSpan.FromSeconds(50));
        Assert.Equal(1, world.Cmts[0].Engine.GateCount);
    }

    [Fact]
    public void The_time_limit_is_kept_by_the_application_manager()
    {
        QosWorld world = new QosWorld().Start();
        GateHandle gate = world.Manager.Request("s", Given.Request(spec: Given.Upstream with { T3 = 0 }) with { TimeLimitSeconds = 120 })[0];
        world.Run(TimeSpan.FromSeconds(119));
        Assert.Equal(1, world.Cmts[0].Engine.GateCount);
        world.Run(TimeSpan.FromSeconds(2));
        Assert.Equal(0, world.Cmts[0].Engine.GateCount);
        Assert.Contains(world.Manager.Events, e => e.Gate == gate && e.Reason == GateReason.TimeLimitReached);
    }

    [Fact]
    public void Commands_beyond_the_limit_wait_here()
    {
        QosWorld world = new QosWorld(manager: Given.Manager with { MaxOutstanding = 10 }).Start();
        world.Manager.Request("s", [.. Enumerable.Range(0, 12).Select(i => Given.Request($"10.1.{i}.1")), .. Enumerable.Range(0, 12).Select(i => Given.Request($"10.1.{i}.2"))]);
        Assert.Equal(10, world.Manager.Engine.Counters.GateSets);
        world.Settle();
        Assert.Equal(24, world.Cmts[0].Engine.GateCount);
    }

    [Fact]
    public void An_old_peer_without_synchronisation_is_asked_gate_by_gate()
    {
        QosWorld world = new QosWorld(Given.Cmts with { Cops = new CopsSettings("old") { Offered = [PcmmVersion.V1] } }).Start();
        Assert.True(world.Servers[0].Engine.IsCmtsOpen(0));
        world.Manager.Request("s", Given.Request());
        world.Settle();
        Assert.Equal(1, world.Cmts[0].Engine.GateCount); // The profile was converted to the old layout on the way.
        world.Manager.Release("s");
        world.Settle();
        Assert.Equal(0, world.Cmts[0].Engine.GateCount);
    }
}
