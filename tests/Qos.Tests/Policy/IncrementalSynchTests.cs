using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Tests.Policy;

/// <summary>What happened while a connection was broken is told afterwards, with its true reason, by incremental synchronisation on either link.</summary>
public sealed class IncrementalSynchTests
{
    [Theory]
    [InlineData("application manager")]
    [InlineData("CMTS")]
    [InlineData("both")]
    public void A_gate_that_ended_while_the_link_was_down_is_reported_with_its_reason(string cut)
    {
        QosWorld world = new QosWorld().Start();
        GateHandle gate = world.Manager.Request("s", Given.Request())[0];
        GateHandle other = world.Manager.Request("t", Given.Request("10.1.0.8"))[0];
        world.Settle();
        Assert.Equal(GateEventKind.Set, world.Manager.Last(gate)!.Kind);

        if (cut != "CMTS") world.Manager.Cut();
        if (cut != "application manager") world.Cmts[0].Cut();
        GateId id = world.Cmts[0].Engine.Snapshot(world.Now).Gates.Single(g => g.Opaque == gate.Value).Id;
        world.Cmts[0].Do((e, commands) => e.ClearGate(id, world.Now, commands));
        world.Run(TimeSpan.FromSeconds(20));

        Assert.Equal((GateEventKind.Closed, GateReason.ClosedOther), (world.Manager.Last(gate)!.Kind, world.Manager.Last(gate)!.Reason));
        Assert.Equal(GateEventKind.Set, world.Manager.Last(other)!.Kind);
        Assert.Single(world.Manager.Journal);
        Assert.Equal((1, 1), (world.Servers[0].Engine.GateCount, world.Cmts[0].Engine.GateCount));
    }

    [Fact]
    public void Reports_that_were_confirmed_are_not_told_again()
    {
        QosWorld world = new QosWorld().Start();
        GateHandle gate = world.Manager.Request("s", Given.Request())[0];
        world.Settle();
        world.Cmts[0].Do((e, commands) => e.ClearGate(e.Snapshot(world.Now).Gates[0].Id, world.Now, commands));
        world.Settle();
        Assert.Equal(GateEventKind.Closed, world.Manager.Last(gate)!.Kind);
        world.RecordsTraffic = true;
        world.Manager.Cut();
        world.Cmts[0].Cut();
        world.Run(TimeSpan.FromSeconds(20));
        Assert.DoesNotContain(Answers(world), a => a.Command == GateCommand.SynchReport);
        Assert.Contains(Answers(world), a => a.Command == GateCommand.SynchComplete);
    }

    [Fact]
    public void A_second_policy_server_knows_the_gates_of_the_first_after_the_managers_synchronisation()
    {
        QosWorld world = new QosWorld(serverCount: 2).Start();
        world.Manager.Request("s", Given.Request(), Given.Request("10.1.0.8"));
        world.Settle();
        Assert.Equal([2, 0], world.Servers.Select(s => s.Engine.GateCount));
        world.Servers[0].IsUp = false;
        world.Servers[0].Cut();
        world.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(1, world.Manager.Engine.PolicyServer);
        Assert.Equal(2, world.Servers[1].Engine.GateCount);
        Assert.Equal(world.Manager.Engine.Snapshot().Select(g => g.Gate).Order(Comparer<GateId>.Create((a, b) => a.Value.CompareTo(b.Value))),
            world.Servers[1].Engine.Snapshot().Select(g => g.Gate).Order(Comparer<GateId>.Create((a, b) => a.Value.CompareTo(b.Value))));
        // Its own synchronisation, which names only what its PSID set, does not take them away again.
        world.Cmts[0].Cut();
        world.Run(TimeSpan.FromSeconds(20));
        Assert.Equal((2, 2), (world.Servers[1].Engine.GateCount, world.Cmts[0].Engine.GateCount));
    }

    [Fact]
    public void After_a_restart_of_the_policy_server_the_answer_is_24_and_a_full_synchronisation_follows()
    {
        QosWorld world = new QosWorld().Start();
        world.Manager.Request("s", Given.Request());
        world.Settle();
        long before = world.Manager.Engine.Counters.Synchronisations;
        world.RecordsTraffic = true;
        world.Servers[0].Restart();
        world.Run(TimeSpan.FromSeconds(20));
        List<(GateCommand Command, PcmmErrorCode Error)> answers = [.. Answers(world).Where(a => a.To is QosWorld.ManagerNode && a.Command == GateCommand.SynchComplete).Select(a => (a.Command, a.Error))];
        Assert.Equal(PcmmErrorCode.NoStateForPdp, answers[0].Error);
        Assert.Equal(PcmmErrorCode.None, answers[^1].Error);
        Assert.True(world.Manager.Engine.Counters.Synchronisations > before);
        Assert.Equal((1, 1), (world.Servers[0].Engine.GateCount, world.Manager.Engine.GateCount));
    }

    [Fact]
    public void After_a_reboot_of_the_cmts_the_policy_server_asks_for_everything_and_the_gate_is_set_again()
    {
        QosWorld world = new QosWorld().Start();
        GateHandle gate = world.Manager.Request("s", Given.Request())[0];
        world.Settle();
        world.RecordsTraffic = true;
        world.Cmts[0].Reboot();
        world.Run(TimeSpan.FromSeconds(20));
        Assert.Contains(Answers(world), a => a.To is QosWorld.ServerNode && a.Error == PcmmErrorCode.NoStateForPdp);
        Assert.Equal(GateEventKind.Set, world.Manager.Last(gate)!.Kind);
        Assert.Equal(1, world.Cmts[0].Engine.GateCount);
    }

    [Fact]
    public void While_a_cmts_is_away_the_managers_increment_is_refused_with_18_and_all_agrees_when_it_is_back()
    {
        QosWorld world = new QosWorld().Start();
        world.Manager.Request("s", Given.Request(spec: Given.Upstream with { T3 = 0 }));
        world.Settle();
        world.RecordsTraffic = true;
        world.Cmts[0].IsUp = false;
        world.Cmts[0].Cut();
        world.Manager.Cut();
        world.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(PcmmErrorCode.TransportError, AnswersToManager(world)[0]);
        world.Cmts[0].IsUp = true;
        world.Run(TimeSpan.FromSeconds(60));
        Assert.Equal(PcmmErrorCode.None, AnswersToManager(world)[^1]);
        Assert.Equal((1, 1, 1), (world.Manager.Engine.GateCount, world.Servers[0].Engine.GateCount, world.Cmts[0].Engine.GateCount));
    }

    [Fact]
    public void Reports_that_were_too_many_to_keep_are_answered_with_26_and_the_full_synchronisation_finds_the_difference()
    {
        QosWorld world = new QosWorld(maxUndelivered: 1).Start();
        world.Manager.Request("s", Given.Request(), Given.Request("10.1.0.8"));
        world.Settle();
        world.RecordsTraffic = true;
        world.Manager.Cut();
        foreach (GateId id in world.Cmts[0].Engine.Snapshot(world.Now).Gates.Select(g => g.Id).ToArray()) world.Cmts[0].Do((e, commands) => e.ClearGate(id, world.Now, commands));
        world.Run(TimeSpan.FromSeconds(30));
        List<PcmmErrorCode> answers = AnswersToManager(world);
        Assert.Equal((PcmmErrorCode.StateDataIncomplete, PcmmErrorCode.None), (answers[0], answers[^1]));
        Assert.True(answers.Count >= 2, "No full synchronisation followed.");
        Assert.Equal(world.Cmts[0].Engine.GateCount, world.Manager.Engine.GateCount);
        Assert.Equal(world.Cmts[0].Engine.GateCount, world.Servers[0].Engine.GateCount);
    }

    private static List<PcmmErrorCode> AnswersToManager(QosWorld world) =>
        [.. Answers(world).Where(a => a.To is QosWorld.ManagerNode && a.Command == GateCommand.SynchComplete).Select(a => a.Error)];

    private static List<(QosWorld.Node To, GateCommand Command, PcmmErrorCode Error)> Answers(QosWorld world)
    {
        var list = new List<(QosWorld.Node, GateCommand, PcmmErrorCode)>();
        foreach ((_, QosWorld.Node to, byte[] bytes) in world.Traffic)
        {
            for (int at = 0; at < bytes.Length;)
            {
                Assert.True(CopsHeader.TryRead(bytes.AsSpan(at), out CopsHeader header, out _));
                Assert.True(CopsMessage.TryRead(bytes.AsSpan(at, header.Length), out CopsMessage message, out _));
                if (header.OpCode == CopsOpCode.ReportState && PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage report))
                {
                    list.Add((to, report.Command, report.TryGetError(out PcmmError error) ? error.Code : PcmmErrorCode.None));
                }
                at += header.Length;
            }
        }
        return list;
    }
}
