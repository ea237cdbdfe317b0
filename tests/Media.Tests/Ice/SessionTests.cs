using MediaRelay.Media.Ice;
using MediaRelay.Stun;
using MediaRelay.Tests.Support.Network;

namespace MediaRelay.Media.Tests.Ice;

/// <summary>Life of a session in virtual time: trickle, restart, consent, lite.</summary>
public sealed class SessionTests
{
    [Fact]
    public void On_an_open_network_the_first_pair_is_usable_one_round_trip_after_the_answer()
    {
        var scene = new IceScene();
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        // Offer 20 ms, answer 20 ms; a check and its answer 20 ms.
        Assert.InRange(scene.Left.FirstUsable!.Value.TotalMilliseconds, 40, 61);
        Assert.InRange(scene.Right.FirstUsable!.Value.TotalMilliseconds, 40, 81);
        Assert.InRange(scene.Left.TimeOf(IceState.Completed)!.Value.TotalMilliseconds, 60, 300);
        scene.AssertDataFlows("x");
    }

    [Fact]
    public void A_candidate_that_arrives_late_still_connects()
    {
        var scene = new IceScene(NatKind.PortRestricted, NatKind.PortRestricted);
        scene.Left.Trickles = scene.Right.Trickles = false;
        scene.Begin();
        scene.Network.RunUntil(TimeSpan.FromSeconds(20));
        Assert.Equal(IceState.Checking, scene.Left.Agent.State);
        foreach (var line in scene.Left.Candidates) scene.Right.Hear(line);
        foreach (var line in scene.Right.Candidates) scene.Left.Hear(line);
        Assert.True(scene.Network.RunUntil(() => scene.AreCompleted, TimeSpan.FromSeconds(21)));
        scene.AssertDataFlows("x");
    }

    [Fact]
    public void A_candidate_after_failure_brings_the_session_back()
    {
        var scene = new IceScene();
        scene.Left.Trickles = scene.Right.Trickles = false;
        scene.Begin();
        scene.Network.RunUntil(TimeSpan.FromSeconds(45));
        Assert.Equal(IceState.Failed, scene.Left.Agent.State);
        Assert.Equal(IceState.Failed, scene.Right.Agent.State);
        foreach (var line in scene.Left.Candidates) scene.Right.Hear(line);
        Assert.True(scene.Network.RunUntil(() => scene.AreCompleted, TimeSpan.FromSeconds(47)));
    }

    [Fact]
    public void Checks_that_arrive_before_the_answer_are_answered_and_used()
    {
        var scene = new IceScene();
        scene.Left.Start();
        scene.Right.Start();
        scene.Left.Describe();
        scene.Network.RunUntil(TimeSpan.FromMilliseconds(200));
        Assert.Equal(IceState.New, scene.Left.Agent.State);
        Assert.True(scene.Left.Agent.Counters.ChecksReceived > 0);
        scene.Right.Describe();
        // 20 ms of signalling, then the triggered check and its answer.
        Assert.True(scene.Network.RunUntil(() => scene.AreUsable, TimeSpan.FromMilliseconds(241)));
    }

    [Fact]
    public void Consent_requests_leave_every_four_to_six_seconds()
    {
        var scene = new IceScene();
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.Network.RunFor(TimeSpan.FromSeconds(10));
        scene.Left.SentStun.Clear();
        scene.Network.RunFor(TimeSpan.FromMinutes(5));
        var requests = scene.Left.SentStun
            .Where(s => StunMessage.TryRead(s.Datagram.Payload.Span, out var m, out _) && m.Class == StunClass.Request).Select(s => s.At).ToList();
        Assert.InRange(requests.Count, 50, 75);
        for (var i = 1; i < requests.Count; i++) Assert.InRange((requests[i] - requests[i - 1]).TotalSeconds, 4, 6);
        Assert.Equal(IceState.Completed, scene.Left.Agent.State);
    }

    [Fact]
    public void Without_answers_the_session_is_disconnected_and_sending_stops_after_thirty_seconds()
    {
        var scene = new IceScene();
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.Network.RunFor(TimeSpan.FromSeconds(20));
        var cut = scene.Network.Now;
        scene.Right.Host.IsConnected = false;
        scene.Network.RunFor(TimeSpan.FromSeconds(24));
        Assert.Equal(IceState.Disconnected, scene.Left.Agent.State);
        Assert.True(scene.Left.Send("still"));
        scene.Network.RunUntil(() => scene.Left.Agent.State == IceState.Failed, TimeSpan.FromMinutes(5));
        // The last answer is at most one interval older than the cut.
        Assert.InRange((scene.Network.Now - cut).TotalSeconds, 24, 30.1);
        Assert.False(scene.Left.Send("no more"));
    }

    [Fact]
    public void A_short_cut_shows_as_disconnected_and_heals()
    {
        var scene = new IceScene();
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.Right.Host.IsConnected = false;
        scene.Network.RunFor(TimeSpan.FromSeconds(15));
        Assert.Equal(IceState.Disconnected, scene.Left.Agent.State);
        scene.Right.Host.IsConnected = true;
        scene.Network.RunFor(TimeSpan.FromSeconds(7));
        Assert.Equal(IceState.Completed, scene.Left.Agent.State);
        scene.AssertDataFlows("x");
    }

    [Fact]
    public void A_restart_keeps_data_flowing_and_ends_on_new_credentials()
    {
        var scene = new IceScene(NatKind.PortRestricted, NatKind.EndpointIndependent);
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.Network.RunFor(TimeSpan.FromSeconds(5));
        var before = scene.Left.Agent.LocalCredentials;
        var rightBefore = scene.Right.Agent.LocalCredentials;
        scene.Left.Act(scene.Left.Agent.HandleRestart);
        Assert.NotEqual(before, scene.Left.Agent.LocalCredentials);
        scene.Left.Describe(then: () => scene.Right.Describe());
        Assert.True(scene.Left.Send("during"));
        scene.Network.RunFor(TimeSpan.FromMilliseconds(30));
        Assert.Contains("during", scene.Right.Data);
        scene.Network.RunFor(TimeSpan.FromSeconds(1));
        Assert.NotEqual(rightBefore, scene.Right.Agent.LocalCredentials);
        Assert.True(scene.AreCompleted);
        Assert.True(scene.Left.Agent.ActivePair!.IsNominated);
        scene.AssertDataFlows("after");
    }

    [Fact]
    public void After_the_left_home_changed_its_address_a_restart_connects_again_within_a_second()
    {
        var scene = new IceScene(NatKind.PortRestricted, NatKind.PortRestricted);
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.LeftNat!.Reboot();
        scene.Network.RunFor(TimeSpan.FromSeconds(12));
        Assert.Equal(IceState.Disconnected, scene.Left.Agent.State);
        var at = scene.Network.Now;
        scene.Left.Act(scene.Left.Agent.HandleRestart);
        scene.Left.Describe(then: () => scene.Right.Describe());
        Assert.True(scene.Network.RunUntil(() => scene.AreCompleted, at + TimeSpan.FromSeconds(1)));
        scene.AssertDataFlows("x");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.2)]
    public void A_full_agent_behind_nat_connects_to_a_lite_one(double loss)
    {
        for (var seed = 1; seed <= 4; seed++)
        {
            var scene = new IceScene(NatKind.Symmetric, null, seed, loss, changeRight: c => c with { Mode = IceMode.Lite, Servers = [] });
            scene.Begin();
            Assert.True(scene.RunUntilCompleted(15), $"seed {seed}");
            scene.AssertDataFlows("x");
            Assert.Equal(0, scene.Right.Agent.Counters.ChecksSent);
            Assert.Equal(IceRole.Controlled, scene.Right.Agent.Role);
        }
    }

    [Fact]
    public void A_lite_offerer_makes_the_full_answerer_controlling()
    {
        var scene = new IceScene(null, NatKind.PortRestricted, change: c => c with { Mode = IceMode.Lite, Servers = [] });
        scene.Begin();
        Assert.True(scene.RunUntilCompleted(5));
        Assert.Equal(IceRole.Controlling, scene.Right.Agent.Role);
        scene.AssertDataFlows("x");
    }

    [Fact]
    public void A_lite_agent_stops_sending_thirty_seconds_after_the_last_check()
    {
        var scene = new IceScene(changeRight: c => c with { Mode = IceMode.Lite, Servers = [] });
        scene.Begin();
        Assert.True(scene.RunUntilCompleted(5));
        scene.Network.RunFor(TimeSpan.FromSeconds(60));
        Assert.Equal(IceState.Completed, scene.Right.Agent.State);
        scene.Left.Host.IsConnected = false;
        scene.Network.RunFor(TimeSpan.FromSeconds(31));
        Assert.Equal(IceState.Failed, scene.Right.Agent.State);
        Assert.False(scene.Right.Send("x"));
    }

    [Fact]
    public void Two_lite_agents_refuse_each_other()
    {
        var scene = new IceScene(change: c => c with { Mode = IceMode.Lite }, changeRight: c => c with { Mode = IceMode.Lite });
        scene.Begin();
        scene.Network.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(IceState.Failed, scene.Left.Agent.State);
        Assert.Equal(IceState.Failed, scene.Right.Agent.State);
    }

    [Fact]
    public void Ipv6_is_preferred_when_both_families_work()
    {
        var scene = new IceScene(NatKind.PortRestricted, NatKind.PortRestricted);
        scene.Left.Host.AddAddress(System.Net.IPAddress.Parse("2600:1::9"), scene.Network.Public);
        scene.Right.Host.AddAddress(System.Net.IPAddress.Parse("2600:2::9"), scene.Network.Public);
        scene.Begin();
        Assert.True(scene.RunUntilCompleted(5));
        Assert.True(scene.Left.Agent.ActivePair!.Remote.Address.IsV6);
        scene.AssertDataFlows("x");
    }

    [Fact]
    public void A_closed_socket_moves_data_to_another_valid_pair_or_fails_at_once()
    {
        var scene = new IceScene();
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.Left.Act((now, list) => scene.Left.Agent.HandleSocketClosed(0, now, list));
        Assert.Equal(IceState.Failed, scene.Left.Agent.State);
        Assert.False(scene.Left.Send("x"));
    }

    [Fact]
    public void Closing_stops_everything()
    {
        var scene = new IceScene();
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.Left.Act(scene.Left.Agent.HandleClose);
        Assert.Null(scene.Left.Agent.NextDeadline);
        Assert.False(scene.Left.Send("x"));
        var sent = scene.Left.SentStun.Count;
        scene.Network.RunFor(TimeSpan.FromMinutes(1));
        Assert.Equal(sent, scene.Left.SentStun.Count);
        Assert.Equal(IceState.Failed, scene.Right.Agent.State);
    }

    [Theory]
    [InlineData(20, 0.1, 0.1)]
    [InlineData(60, 0.05, 0)]
    public void Jitter_duplication_and_reordering_do_no_harm(int jitter, double duplication, double loss)
    {
        for (var seed = 1; seed <= 6; seed++)
        {
            var scene = new IceScene(NatKind.PortRestricted, NatKind.AddressRestricted, seed);
            scene.Network.Conditions = new LinkConditions(TimeSpan.FromMilliseconds(15), TimeSpan.FromMilliseconds(jitter), loss, duplication);
            scene.Begin();
            Assert.True(scene.RunUntilCompleted(10), $"seed {seed}");
            scene.AssertDataFlows("x");
        }
    }
}
