using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Tests.Gates;

/// <summary>The nine steps of a PCMM session as the book tells them, one assertion group for each.</summary>
public sealed class MessageFlowTests
{
    [Fact]
    public void A_session_goes_through_the_nine_steps_of_the_message_flow()
    {
        QosWorld world = new QosWorld(Given.Cmts with { DsxDelay = TimeSpan.FromMilliseconds(5) }) { RecordsTraffic = true }.Start();
        world.Traffic.Clear();
        QosWorld.CmtsNode cmts = world.Cmts[0];

        // Step 1: the session asks its application manager, which works out the QoS and sends Gate-Set to the policy server.
        IReadOnlyList<GateHandle> handles = world.Manager.Request("look-in 1", Given.Request(), Given.Request(spec: Given.Upstream with { Direction = GateDirection.Downstream }));
        Assert.Equal(2, world.Manager.Journal.Count); // Before anything has left the application manager.
        world.Settle();
        List<(string Path, GateCommand Command, ushort Transaction)> steps = Messages(world);
        Assert.Equal(("AM>PS", GateCommand.GateSet), (steps[0].Path, steps[0].Command));

        // Step 2: the policy server applies its rules, finds the CMTS by the subscriber and sends Gate-Set under its own number.
        (string Path, GateCommand Command, ushort Transaction) south = steps.First(s => s.Path == "PS>CMTS");
        Assert.Equal(GateCommand.GateSet, south.Command);
        Assert.Equal(1, world.Servers[0].Engine.GateCount / 2);

        // Step 3: the CMTS checks, creates the gate and turns its parameters into DOCSIS ones; step 4: DSA-REQ, DSA-RSP, DSA-ACK.
        Assert.Equal(2, cmts.Engine.Counters.DsaExchanges);
        MediaRelay.Qos.Cmts.CmtsGateView up = cmts.Engine.Snapshot(world.Now).Gates.Single(g => g.Direction == GateDirection.Upstream);
        Assert.Equal(GateState.Committed, up.State);
        Assert.Equal(MediaRelay.Qos.Cmts.SchedulingType.UnsolicitedGrant, up.Scheduling);
        Assert.NotEqual(0u, up.ServiceFlow);

        // Step 5: Gate-Set-Ack to the policy server, which relays it; the application manager hears under its own number.
        Assert.Contains(steps, s => s.Path == "CMTS>PS" && s.Command == GateCommand.GateSetAck && s.Transaction == south.Transaction);
        Assert.Contains(steps, s => s.Path == "PS>AM" && s.Command == GateCommand.GateSetAck && s.Transaction == steps[0].Transaction);

        // Step 6: the session is told; media flows and is counted on the gate.
        Assert.All(handles, h => Assert.Equal((GateEventKind.Set, GateState.Committed), (world.Manager.Last(h)!.Kind, world.Manager.Last(h)!.State)));
        Classifier classifier = Given.Request().Classifiers[0];
        var packet = new PacketTuple(false, 17, classifier.Source, classifier.SourcePortStart, classifier.Destination, classifier.DestinationPortStart);
        cmts.Do((e, commands) => Assert.Equal(up.Id, e.HandlePacket(GateDirection.Upstream, packet, 1006, world.Now, commands)));
        Assert.Equal(1ul, cmts.Engine.Snapshot(world.Now).Gates.Single(g => g.Id == up.Id).UsageKilobytes);

        // Step 7: the session ends; the application manager sends Gate-Delete, the policy server passes it on.
        world.Traffic.Clear();
        world.Manager.Release("look-in 1");
        world.Settle();
        steps = Messages(world);
        Assert.Equal(["AM>PS", "PS>CMTS", "CMTS>PS", "PS>AM"], steps.Select(s => s.Path).Distinct());
        Assert.Equal(2, steps.Count(s => s is { Path: "PS>CMTS", Command: GateCommand.GateDelete }));

        // Step 8: the CMTS deletes the service flows (DSD-REQ, DSD-RSP), then the gates, and acknowledges.
        Assert.Equal(2, cmts.Engine.Counters.DsdExchanges);
        Assert.Equal(0, cmts.Engine.GateCount);

        // Step 9: the policy server relays the acknowledgement, and only now the gates leave the journal.
        Assert.Equal(2, steps.Count(s => s is { Path: "PS>AM", Command: GateCommand.GateDeleteAck }));
        Assert.Empty(world.Manager.Journal);
        Assert.Equal(0, world.Servers[0].Engine.GateCount);
        Assert.All(handles, h => Assert.Equal(GateEventKind.Released, world.Manager.Last(h)!.Kind));
    }

    [Fact]
    public void The_gate_in_the_journal_carries_what_a_bill_needs()
    {
        QosWorld world = new QosWorld(manager: Given.Manager with { ElementId = 146 }).Start();
        var bcid = BillingCorrelationId.Create(0x3e481208, 146, "0-050000", 7);
        world.Manager.Request("s", Given.Request() with { Events = new EventGenerationInfo(false, 0xc000020a, 1813, 0, 0, bcid) });
        world.Settle();
        GateJournalEntry entry = Assert.Single(world.Manager.Journal.Values);
        Assert.True(entry.TryGetIdentity(out Amid amid, out SubscriberId subscriber, out BillingCorrelationId written));
        Assert.Equal((bcid, new Amid(0, 0x5678), Given.Subscriber("10.1.0.7"), 146), (written, amid, subscriber, entry.ElementId));
        Assert.Equal(bcid, world.Servers[0].Engine.Snapshot().Single().Bcid);
        Assert.NotEqual(default, entry.Gate);
    }

    private static List<(string Path, GateCommand Command, ushort Transaction)> Messages(QosWorld world)
    {
        var list = new List<(string, GateCommand, ushort)>();
        foreach ((QosWorld.Node from, QosWorld.Node to, byte[] bytes) in world.Traffic)
        {
            for (int at = 0; at < bytes.Length;)
            {
                Assert.True(CopsHeader.TryRead(bytes.AsSpan(at), out CopsHeader header, out _));
                Assert.True(CopsMessage.TryRead(bytes.AsSpan(at, header.Length), out CopsMessage message, out _));
                if (PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage objects) && objects.HasTransaction) list.Add(($"{Short(from)}>{Short(to)}", objects.Command, objects.Transaction));
                at += header.Length;
            }
        }
        return list;
    }

    private static string Short(QosWorld.Node node) => node switch { QosWorld.ManagerNode => "AM", QosWorld.ServerNode => "PS", _ => "CMTS" };
}
