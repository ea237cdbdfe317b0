using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;

namespace MediaRelay.Qos.Tests.Cmts;

/// <summary>Table 14-4: every reason by its own cause, heard by the application manager through the policy server.</summary>
public sealed class ReasonTableTests
{
    public static TheoryData<string, GateEventKind, GateState, GateReason> Causes => new()
    {
        { "a gate of higher priority needs the room", GateEventKind.Closed, GateState.Closed, GateReason.Preempted },
        { "the modem is lost", GateEventKind.Closed, GateState.Closed, GateReason.NoDocsisResponse },
        { "authorised and never reserved", GateEventKind.Closed, GateState.Closed, GateReason.T1Expired },
        { "reserved and never committed", GateEventKind.Closed, GateState.Closed, GateReason.T2Expired },
        { "silence with recovery", GateEventKind.Reported, GateState.CommittedRecovery, GateReason.T3Expired },
        { "silence without recovery", GateEventKind.Closed, GateState.Closed, GateReason.T3Expired },
        { "the modem registers again", GateEventKind.Closed, GateState.Closed, GateReason.NoReservationMaintenance },
        { "more bytes than the limit", GateEventKind.Reported, GateState.Committed, GateReason.VolumeLimitReached },
        { "silence and no refresh", GateEventKind.Closed, GateState.Closed, GateReason.T4Expired },
        { "reserved more than committed for too long", GateEventKind.Reported, GateState.Committed, GateReason.ReservationReduced },
        { "a time limit below what has passed", GateEventKind.Reported, GateState.Committed, GateReason.TimeLimitReached },
        { "far over the volume limit", GateEventKind.Closed, GateState.Closed, GateReason.ClosedByVolumeLimit },
        { "the policy server ends it at the volume limit", GateEventKind.Closed, GateState.Closed, GateReason.ClosedByVolumeLimit },
        { "far over the time limit", GateEventKind.Closed, GateState.Closed, GateReason.ClosedByTimeLimit },
        { "the policy server ends it at the time limit", GateEventKind.Closed, GateState.Closed, GateReason.ClosedByTimeLimit },
        { "an operator clears the gate", GateEventKind.Closed, GateState.Closed, GateReason.ClosedOther },
    };

    [Theory]
    [MemberData(nameof(Causes))]
    public void Each_reason_of_the_reason_table_reaches_the_session_that_owns_the_gate(string cause, GateEventKind kind, GateState state, GateReason reason)
    {
        bool enforces = cause.StartsWith("far over", StringComparison.Ordinal);
        bool serverEnds = cause.StartsWith("the policy server ends", StringComparison.Ordinal);
        // T3 is off where time has to pass without ending the gate.
        GateSpec patient = Given.Upstream with { T3 = 0 };
        GateRequest request = cause switch
        {
            "authorised and never reserved" => Given.Request(profile: Given.G711(ResourceEnvelopes.Authorize)),
            "reserved and never committed" => Given.Request(profile: Given.G711(ResourceEnvelopes.Reserve)),
            "silence without recovery" => Given.Request(spec: Given.Upstream with { T4 = 0 }),
            "reserved more than committed for too long" => Given.Request(profile: Unequal(), spec: patient),
            "more bytes than the limit" or "far over the volume limit" or "the policy server ends it at the volume limit" => Given.Request(spec: patient) with { VolumeLimitKilobytes = 100 },
            "a time limit below what has passed" => Given.Request(spec: patient),
            "far over the time limit" or "the policy server ends it at the time limit" => Given.Request(spec: patient),
            _ => Given.Request(),
        };
        var world = new QosWorld(
            Given.Cmts with { CapacityUp = 150_000, EnforcedLimitFactor = enforces ? 2 : 0 },
            new PolicyRules { CloseAtTimeLimit = serverEnds, CloseAtVolumeLimit = serverEnds });
        world.Start();
        // The limits of time are the application manager's own affair; to see those of CMTS and policy server the request goes past its timer.
        QosWorld.CmtsNode cmts = world.Cmts[0];
        GateHandle gate = world.Manager.Request("s", request)[0];
        world.Settle();
        Assert.Equal(GateEventKind.Set, world.Manager.Last(gate)!.Kind);
        GateId id = cmts.Engine.Snapshot(world.Now).Gates.Single().Id;
        SubscriberId modem = Given.Subscriber("10.1.0.7");
        switch (cause)
        {
            case "a gate of higher priority needs the room": world.Manager.Request("alarm", Given.Request("10.1.0.8", spec: Given.Upstream with { SessionClass = new SessionClass(5, true) })); break;
            case "the modem is lost": cmts.Do((e, c) => e.LoseModem(modem, world.Now, c)); break;
            case "the modem registers again": cmts.Do((e, c) => e.ResetModem(modem, world.Now, c)); break;
            case "an operator clears the gate": cmts.Do((e, c) => e.ClearGate(id, world.Now, c)); break;
            case "more bytes than the limit" or "the policy server ends it at the volume limit": cmts.Do((e, c) => e.HandlePacket(GateDirection.Upstream, Packet(), 101 * 1024, world.Now, c)); break;
            case "far over the volume limit": cmts.Do((e, c) => e.HandlePacket(GateDirection.Upstream, Packet(), 201 * 1024, world.Now, c)); break;
            case "a time limit below what has passed" or "far over the time limit" or "the policy server ends it at the time limit":
                world.Run(TimeSpan.FromSeconds(40));
                uint limit = cause.StartsWith("a time limit", StringComparison.Ordinal) ? 20u : 50u;
                world.Manager.Do(e => e.IgnoresTimeLimits = true);
                world.Manager.Modify(gate, request with { TimeLimitSeconds = limit });
                break;
        }
        world.Run(TimeSpan.FromSeconds(cause.StartsWith("a time limit", StringComparison.Ordinal) ? 5 : 310));
        GateEvent? heard = world.Manager.Events.FirstOrDefault(e => e.Gate == gate && e.Reason == reason);
        Assert.True(heard is not null, $"heard {string.Join(' ', world.Manager.Events.Where(e => e.Gate == gate).Select(e => $"{e.Kind}/{e.State}/{e.Reason}"))}");
        Assert.Equal((kind, state), (heard.Kind, heard.State));
        if (kind != GateEventKind.Closed) return;
        Assert.DoesNotContain(world.Manager.Journal.Values, e => e.Handle == gate);
        Assert.DoesNotContain(world.Servers[0].Engine.Snapshot(), g => g.Gate == id);
    }

    [Fact]
    public void A_gate_asked_about_answers_with_reason_other()
    {
        using var peer = new RawPeer(Given.Cmts);
        peer.GateSet(Given.Request());
        Assert.Equal(GateCommand.GateInfoAck, peer.Info(peer.LastGate, new Amid(0, 0x5678), Given.Subscriber("10.1.0.7"), new Psid(77)).Command);
    }

    private static PacketTuple Packet()
    {
        Classifier c = Given.Request().Classifiers[0];
        return new PacketTuple(false, 17, c.Source, c.SourcePortStart, c.Destination, c.DestinationPortStart);
    }

    private static TrafficProfile Unequal()
    {
        var set = new ParameterSet { RequestPolicy = 0x37F, GrantSize = 232, GrantsPerInterval = 1, GrantInterval = 20000, GrantJitter = 800 };
        return new TrafficProfile(TrafficProfileType.UnsolicitedGrant, ResourceEnvelopes.Commit) { Count = 3, First = set, Second = set, Third = set with { GrantSize = 100 } };
    }
}
