using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Tests.Support;

namespace MediaRelay.Qos.Tests.Cmts;

/// <summary>Broken PCMM objects: a payload that cannot be trusted ends the session, what is merely strange is ignored.</summary>
public sealed class BrokenObjectTests
{
    [Theory]
    [InlineData("0000 0101 0001 0004")] // a length of zero does not loop
    [InlineData("0003 0101 0001 0004")] // shorter than its header
    [InlineData("0006 0101 0001 0004")] // not a multiple of four
    [InlineData("0100 0101 0001 0004")] // beyond the payload
    [InlineData("0008 0101 0001 0004 0004")] // half a header behind
    public void An_object_that_does_not_fit_its_payload_is_unreadable(string hex) => Assert.False(PcmmMessage.TryRead(VectorFile.ReadHex(hex), PcmmLayout.Current, out _));

    [Fact]
    public void Such_a_payload_ends_the_session_with_error_3_and_leaves_the_gates()
    {
        using var peer = new RawPeer(Given.Cmts);
        peer.GateSet(Given.Request());
        int before = peer.Cmts.GateCount;
        peer.Send(GateCommand.GateInfo, (ref CopsWriter w) => w.AddRaw([0, 2, 4, 1]));
        Assert.Equal(CopsErrorCode.BadMessageFormat, peer.CloseError);
        Assert.Equal((1, before), (peer.Cmts.GateCount, 1));
    }

    [Fact]
    public void A_decision_without_transaction_is_dropped_silently()
    {
        using var peer = new RawPeer(Given.Cmts);
        (GateCommand, PcmmError) before = peer.GateSet(Given.Request());
        int reports = peer.Reports.Count;
        Assert.Equal(before, peer.SendWithoutTransaction());
        Assert.Equal(reports, peer.Reports.Count);
        Assert.Equal(CopsErrorCode.None, peer.CloseError);
    }

    [Fact]
    public void Unknown_objects_unknown_types_and_objects_of_other_messages_are_ignored()
    {
        using var peer = new RawPeer(Given.Cmts);
        (GateCommand Command, PcmmError _) = peer.GateSet(Given.Request(), more: (ref CopsWriter w) =>
        {
            w.AddObject(20, 1, 4).Clear(); // not defined
            w.AddObject(200, 9, 12).Clear(); // not defined
            w.AddObject(3, 7, 4).Clear(); // a subscriber of a type that does not exist
            w.AddObject(13, 1, 4).Clear(); // gate usage, which Gate-Set does not have, and of a wrong length
        });
        Assert.Equal(GateCommand.GateSetAck, Command);
    }

    [Fact]
    public void Objects_may_come_in_any_order()
    {
        GateRequest request = Given.Request();
        using var peer = new RawPeer(Given.Cmts);
        (GateCommand Command, PcmmError _) = peer.Send(GateCommand.GateSet, (ref CopsWriter w) =>
        {
            w.AddClassifier(request.Classifiers[0]);
            w.AddProfile(request.Profile, PcmmLayout.Current);
            w.AddSubscriber(request.Subscriber);
            w.AddGateSpec(request.Spec);
            w.AddAmid(new Amid(0, 0x5678));
        });
        Assert.Equal(GateCommand.GateSetAck, Command);
    }

    [Fact]
    public void An_error_answer_carries_null_values_for_what_the_command_lacked()
    {
        using var peer = new RawPeer(Given.Cmts);
        peer.GateSet(Given.Request(), without: PcmmObject.SubscriberId);
        Assert.Equal(SubscriberId.FromV4(0), peer.LastSubscriber);
    }

    [Fact]
    public void Multicast_gates_have_their_own_rules_and_a_shared_resource()
    {
        CmtsSettings settings = Given.Cmts with { SupportsMulticast = true };
        GateSpec down = Given.Upstream with { Direction = GateDirection.Downstream };
        var set = new ParameterSet { MinReservedRate = 1_000_000, MaxSustainedRate = 1_000_000 };
        GateRequest request = Given.Request(profile: TrafficProfile.Single(TrafficProfileType.Downstream, ResourceEnvelopes.Commit, set), spec: down);
        request = request with { Classifiers = [request.Classifiers[0] with { Destination = 0xE0000105 }] };
        using var peer = new RawPeer(settings);
        Assert.Equal(GateCommand.GateSetAck, peer.GateSet(request).Command);
        Assert.Equal(PcmmErrorCode.MulticastModificationUnsupported, peer.GateSet(request with { Classifiers = [request.Classifiers[0] with { Action = ClassifierAction.NoChange }] }, id: peer.LastGate).Error.Code);
        Assert.Equal(PcmmErrorCode.MulticastVolumeLimitUnsupported, peer.GateSet(request with { VolumeLimitKilobytes = 5 }).Error.Code);
        Assert.Equal(PcmmErrorCode.UncommittedMulticastUnsupported, peer.GateSet(request with { Profile = request.Profile.WithEnvelopes(ResourceEnvelopes.Reserve) }).Error.Code);
        Assert.Equal(PcmmErrorCode.MulticastResequencingMismatch, peer.GateSet(request with { Profile = TrafficProfile.Single(TrafficProfileType.Downstream, ResourceEnvelopes.Commit, set with { Resequencing = 1 }) }).Error.Code);
        Assert.Equal(PcmmErrorCode.MulticastQosError, peer.GateSet(request with { Profile = TrafficProfile.Single(TrafficProfileType.Downstream, ResourceEnvelopes.Commit, set with { Priority = 3 }) }).Error.Code);
        Assert.Equal(PcmmErrorCode.MulticastGateSpecIncompatible, peer.GateSet(request with { Spec = down with { SessionClass = new SessionClass(3, false) } }).Error.Code);
        Assert.Equal(PcmmErrorCode.UpstreamMulticastUnsupported, peer.GateSet(Given.Request() with { Classifiers = request.Classifiers }).Error.Code);
        Assert.Equal(new PcmmError(PcmmErrorCode.NumberOfClassifiers, 1), peer.GateSet(request with { Classifiers = [request.Classifiers[0], request.Classifiers[0] with { Id = 2 }] }).Error);
    }
}
