using MediaRelay.Media.Ice;
using MediaRelay.Tests.Support;
using MediaRelay.Tests.Support.Network;

namespace MediaRelay.Media.Tests.Ice;

/// <summary>With a relay every pair of homes connects; the relay used is the cheapest that works, and it is given back when not needed.</summary>
public sealed class RelayTests
{
    private static readonly NatKind[] Kinds = [NatKind.EndpointIndependent, NatKind.PortRestricted, NatKind.Symmetric, NatKind.UdpBlocked];

    public static TheoryData<NatKind, NatKind, double> Matrix()
    {
        var rows = new TheoryData<NatKind, NatKind, double>();
        foreach (var left in Kinds)
            foreach (var right in Kinds)
                foreach (var loss in new[] { 0, 0.05, 0.2 }) rows.Add(left, right, loss);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void With_a_relay_over_udp_and_tcp_every_pair_connects_in_time(NatKind left, NatKind right, double loss)
    {
        for (var seed = 1; seed <= 3; seed++)
        {
            var scene = WithRelay(left, right, seed, loss);
            scene.Begin();
            var row = $"{left} {right} {loss} seed {seed}";
            Assert.True(scene.RunUntilCompleted(), row);
            var usable = scene.Left.FirstUsable > scene.Right.FirstUsable ? scene.Left.FirstUsable : scene.Right.FirstUsable;
            var isBlocked = left == NatKind.UdpBlocked || right == NatKind.UdpBlocked;
            var limit = TimeSpan.FromMilliseconds((loss switch { 0 => 300, < 0.1 => 1500, _ => 5000 }) + (isBlocked ? 400 : 0));
            Assert.True(usable <= limit, $"{row}: usable after {usable!.Value.TotalMilliseconds} ms");
            scene.AssertDataFlows("x");
        }
    }

    [Theory]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted, false, 0)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric, true, 2)]
    [InlineData(NatKind.UdpBlocked, NatKind.UdpBlocked, true, 2)]
    [InlineData(NatKind.UdpBlocked, NatKind.EndpointIndependent, true, 1)]
    public void The_best_working_path_is_nominated_and_unused_allocations_are_given_back(NatKind left, NatKind right, bool isRelayed, int allocations)
    {
        VirtualTurnServer? turn = null;
        var scene = WithRelay(left, right, 1, 0, network => turn = new VirtualTurnServer(network));
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.Network.RunFor(TimeSpan.FromSeconds(5));
        var pair = scene.Left.Agent.ActivePair!;
        Assert.Equal(isRelayed, pair.Local.Type == CandidateType.Relayed || pair.Remote.Type == CandidateType.Relayed);
        Assert.InRange(turn!.Allocations, isRelayed ? 1 : 0, allocations);
        scene.AssertDataFlows("x");
    }

    [Fact]
    public void Tcp_is_not_dialled_when_udp_brings_a_relayed_address()
    {
        VirtualTurnServer? turn = null;
        var scene = WithRelay(NatKind.Symmetric, NatKind.Symmetric, 1, 0, network => turn = new VirtualTurnServer(network));
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        Assert.Equal(0, turn!.Streams);
        Assert.Equal(2, scene.Left.Candidates.Count(c => c.Contains("relay") || c.Contains("host")));
    }

    [Theory]
    [InlineData(NatKind.Symmetric, NatKind.UdpBlocked, "198.18.5.1")]
    [InlineData(NatKind.UdpBlocked, NatKind.Symmetric, "198.18.5.1")]
    [InlineData(NatKind.UdpBlocked, NatKind.UdpBlocked, "198.18.5.1")]
    [InlineData(NatKind.Symmetric, NatKind.UdpBlocked, "203.0.113.4")]
    public void The_sessions_own_relay_is_a_peer_wherever_it_stands(NatKind left, NatKind right, string relay)
    {
        var scene = WithRelay(left, right, 1, 0, network => new VirtualTurnServer(network, relay));
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.AssertDataFlows("x");
    }

    [Theory]
    [InlineData("198.18.5.1:3478")]
    [InlineData("198.18.5.2:50001")]
    public void A_peer_cannot_aim_checks_at_the_relays_listener_or_beside_it(string target)
    {
        var scene = WithRelay(NatKind.Symmetric, NatKind.Symmetric, 1, 0, network => new VirtualTurnServer(network, "198.18.5.1"));
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        var ignored = scene.Left.Agent.Counters.CandidatesIgnored;
        scene.Left.Hear($"candidate:9 1 udp 16777215 {target.Replace(':', ' ')} typ relay raddr 0.0.0.0 rport 0");
        Assert.Equal(ignored + 1, scene.Left.Agent.Counters.CandidatesIgnored);
        Assert.DoesNotContain(scene.Left.Agent.Snapshot(), p => p.Remote.Address.ToString() == target);
    }

    [Fact]
    public void Gathering_does_not_wait_for_a_tcp_relay_once_udp_has_one()
    {
        var scene = WithRelay(NatKind.Symmetric, NatKind.Symmetric, 1, 0);
        scene.Left.Start();
        Assert.True(scene.Network.RunUntil(() => scene.Left.GatheringEnded, TimeSpan.FromSeconds(1)));
        Assert.Contains(scene.Left.Candidates, c => c.Contains("relay", StringComparison.Ordinal));
        Assert.InRange(scene.Network.Now, TimeSpan.Zero, TimeSpan.FromMilliseconds(150));
    }

    [Fact]
    public void A_relay_only_agent_never_tells_or_uses_an_address_of_its_own()
    {
        var scene = WithRelay(NatKind.EndpointIndependent, NatKind.EndpointIndependent, 1, 0, change: c => c with { RelayOnly = true });
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        Assert.All(scene.Left.Candidates, c => Assert.Contains("typ relay raddr 0.0.0.0 rport 0", c, StringComparison.Ordinal));
        Assert.Equal(CandidateType.Relayed, scene.Left.Agent.ActivePair!.Local.Type);
        Assert.All(scene.Left.SentStun, s => Assert.StartsWith("20.0.9.", s.Datagram.Destination.ToString(), StringComparison.Ordinal));
        scene.AssertDataFlows("x");
    }

    [Fact]
    public void A_relayed_session_lives_for_an_hour_with_refreshed_allocation_permission_and_channel()
    {
        var scene = WithRelay(NatKind.Symmetric, NatKind.UdpBlocked, 1, 0.02);
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        for (var minute = 0; minute < 60; minute++) scene.Network.RunFor(TimeSpan.FromMinutes(1));
        Assert.True(scene.AreCompleted);
        scene.AssertDataFlows("late");
    }

    [Fact]
    public void A_restart_of_a_relayed_session_connects_again()
    {
        var scene = WithRelay(NatKind.Symmetric, NatKind.UdpBlocked, 1, 0);
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.Network.RunFor(TimeSpan.FromSeconds(6));
        scene.Left.Act(scene.Left.Agent.HandleRestart);
        scene.Left.Describe(then: () => scene.Right.Describe());
        scene.Network.RunFor(TimeSpan.FromSeconds(3));
        Assert.True(scene.AreCompleted);
        Assert.True(scene.Left.Agent.ActivePair!.IsNominated);
        scene.AssertDataFlows("x");
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(0.2, true)]
    [InlineData(0, false)]
    [InlineData(0.2, false)]
    public void A_dead_relayed_session_comes_back_by_a_restart_with_new_allocations(double loss, bool isRebooted)
    {
        for (var seed = 1; seed <= 3; seed++)
        {
            var scene = WithRelay(NatKind.Symmetric, NatKind.Symmetric, seed, 0);
            scene.Begin();
            Assert.True(scene.RunUntilCompleted());
            if (isRebooted) scene.LeftNat!.Reboot();
            else scene.Right.Host.IsConnected = false;
            Assert.True(scene.Network.RunUntil(() => scene.Left.Agent.State == IceState.Disconnected || scene.Right.Agent.State == IceState.Disconnected, TimeSpan.FromMinutes(1)));
            scene.Right.Host.IsConnected = true;
            scene.Network.Conditions = LinkConditions.Lossy(loss);
            var old = scene.Left.Agent.ActivePair;
            scene.Left.Act(scene.Left.Agent.HandleRestart);
            scene.Left.Describe(then: () => scene.Right.Describe());
            var at = scene.Network.Now;
            scene.Network.RunFor(TimeSpan.FromMilliseconds(30));
            Assert.True(scene.Network.RunUntil(() => scene.AreCompleted && scene.Left.Agent.ActivePair != old, at + TimeSpan.FromSeconds(loss == 0 ? 3 : 12)), $"seed {seed}");
            scene.AssertDataFlows("again");
        }
    }

    [Fact]
    public void When_the_stream_of_the_relay_in_use_breaks_the_session_fails_at_once_and_a_restart_brings_it_back()
    {
        var scene = WithRelay(NatKind.UdpBlocked, NatKind.Symmetric, 1, 0);
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.Network.RunFor(TimeSpan.FromSeconds(1));
        scene.Left.BreakStreams();
        Assert.Equal(IceState.Failed, scene.Left.Agent.State);
        scene.Left.Act(scene.Left.Agent.HandleRestart);
        scene.Left.Describe(then: () => scene.Right.Describe());
        Assert.True(scene.Network.RunUntil(() => scene.Left.Agent.State == IceState.Completed, scene.Network.Now + TimeSpan.FromSeconds(3)));
        scene.AssertDataFlows("x");
    }

    [Fact]
    public void Relayed_data_is_wrapped_and_unwrapped_without_allocation()
    {
        var scene = WithRelay(NatKind.Symmetric, NatKind.Symmetric, 1, 0, change: c => c with { RelayOnly = true });
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        scene.Network.RunFor(TimeSpan.FromSeconds(1));
        var agent = scene.Left.Agent;
        var now = scene.Network.Now;
        var buffer = new byte[1500];
        buffer[IceAgent.Headroom] = 0x80;
        VirtualDatagram? wrapped = null;
        scene.Network.Passes = d =>
        {
            wrapped ??= d.Destination.ToIPAddress().Equals(scene.LeftNat!.OuterAddress) ? d : null;
            return true;
        };
        Assert.True(scene.Right.Send("one"));
        scene.Network.RunFor(TimeSpan.FromMilliseconds(100));
        Assert.Contains("one", scene.Left.Data);
        var incoming = wrapped!.Value.Payload.ToArray();
        var server = wrapped.Value.Source;
        AllocationCheck.Zero(() =>
        {
            if (!agent.TrySend(buffer, IceAgent.Headroom, 200, now, out var route) || route.Length != 204 || route.Offset != IceAgent.Headroom - 4)
                throw new InvalidOperationException();
            if (agent.TryReceive(0, server, incoming, now, out var data) != IceVerdict.Data || data.Length != 3) throw new InvalidOperationException();
        });
    }

    private static IceScene WithRelay(
        NatKind left, NatKind right, int seed, double loss, Func<VirtualNetwork, VirtualTurnServer>? make = null, Func<IceConfiguration, IceConfiguration>? change = null) =>
        new(left, right, seed, loss, change, null, network =>
        {
            var turn = make?.Invoke(network) ?? new VirtualTurnServer(network);
            return [turn.Udp, turn.Tcp];
        });
}
