using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Tests.Gates;

/// <summary>The gate's state machine: rows of the transition table.</summary>
public sealed class GateTests
{
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("1", GateState.Authorized, 210)] // T1
    [InlineData("3", GateState.Reserved, 310)] // T2
    [InlineData("7", GateState.Committed, 70)] // T3
    [InlineData("1 1", GateState.Authorized, 210)]
    [InlineData("1 3", GateState.Reserved, 310)]
    [InlineData("1 7", GateState.Committed, 70)]
    [InlineData("3 3", GateState.Reserved, 310)]
    [InlineData("3 1", GateState.Authorized, 210)]
    [InlineData("3 7", GateState.Committed, 70)]
    [InlineData("7 7", GateState.Committed, 70)]
    [InlineData("7 3", GateState.Reserved, 310)]
    public void A_gate_set_moves_the_gate_and_sets_its_timer(string envelopes, GateState state, int deadline)
    {
        Gate gate = Create(envelopes);
        Assert.Equal((state, TimeSpan.FromSeconds(deadline)), (gate.State, gate.NextDeadline));
    }

    [Theory]
    [InlineData("7", ResourceEnvelopes.Authorize, false)]
    [InlineData("7", ResourceEnvelopes.Reserve, true)]
    [InlineData("3", ResourceEnvelopes.Authorize, true)]
    [InlineData("1", ResourceEnvelopes.Commit, true)]
    public void Committed_goes_back_to_authorised_only_through_reserved(string before, ResourceEnvelopes next, bool may) => Assert.Equal(may, Create(before).CanBecome(next));

    [Theory]
    [InlineData("1", 200, GateState.Closed, GateReason.T1Expired)]
    [InlineData("3", 300, GateState.Closed, GateReason.T2Expired)]
    [InlineData("7", 60, GateState.CommittedRecovery, GateReason.T3Expired)]
    public void A_timer_that_runs_out_is_reported(string envelopes, int after, GateState state, GateReason reason)
    {
        Gate gate = Create(envelopes);
        Assert.True(gate.HandleDeadline(Start + TimeSpan.FromSeconds(after - 0.001)).IsNone);
        Assert.Equal(new GateTransition(state, reason), gate.HandleDeadline(Start + TimeSpan.FromSeconds(after)));
        Assert.Equal(state, gate.State);
    }

    [Fact]
    public void Recovery_ends_with_t4_or_with_a_new_commit()
    {
        Gate gate = Create("7");
        gate.HandleDeadline(Start + TimeSpan.FromSeconds(60));
        Assert.False(gate.CanBecome(ResourceEnvelopes.Reserve));
        gate.Become(ResourceEnvelopes.Commit, Start + TimeSpan.FromSeconds(80));
        Assert.Equal(Start + TimeSpan.FromSeconds(140), gate.NextDeadline);
        gate.HandleDeadline(Start + TimeSpan.FromSeconds(140));
        Assert.Equal(new GateTransition(GateState.Closed, GateReason.T4Expired), gate.HandleDeadline(Start + TimeSpan.FromSeconds(170)));
        Assert.Null(gate.NextDeadline);
    }

    [Fact]
    public void Data_restarts_t3_and_is_counted_in_kilobytes_of_1024()
    {
        Gate gate = Create("7");
        Assert.True(gate.HandleTraffic(3000, Start + TimeSpan.FromSeconds(50)).IsNone);
        Assert.Equal((2ul, Start + TimeSpan.FromSeconds(110)), (gate.UsageKilobytes, gate.NextDeadline!.Value));
    }

    [Fact]
    public void The_volume_limit_is_reported_once_and_at_once_when_set_below_the_count()
    {
        Gate gate = Create("7");
        gate.HandleTraffic(10 * 1024, Start);
        Assert.Equal(GateReason.VolumeLimitReached, gate.SetVolumeLimit(10).Reason);
        Assert.True(gate.HandleTraffic(10 * 1024, Start).IsNone);
        Assert.True(gate.SetVolumeLimit(0).IsNone);
        Assert.True(gate.SetVolumeLimit(30).IsNone);
        Assert.Equal(GateReason.VolumeLimitReached, gate.HandleTraffic(10 * 1024, Start).Reason);
    }

    [Fact]
    public void Committed_time_counts_over_pauses()
    {
        Gate gate = Create("7");
        gate.Become(ResourceEnvelopes.Reserve, Start + TimeSpan.FromSeconds(30));
        gate.Become(ResourceEnvelopes.Commit, Start + TimeSpan.FromSeconds(100));
        Assert.Equal(40u, gate.CommittedSeconds(Start + TimeSpan.FromSeconds(110)));
    }

    [Fact]
    public void T2_takes_back_what_is_reserved_beyond_the_commitment_and_keeps_the_gate()
    {
        Gate gate = Create("");
        gate.Profile = new TrafficProfile(TrafficProfileType.BestEffort, ResourceEnvelopes.Commit) { Count = 3, Second = new ParameterSet { MinReservedRate = 2 }, Third = new ParameterSet { MinReservedRate = 1 } };
        gate.Spec = gate.Spec with { T3 = 0 };
        gate.Become(ResourceEnvelopes.Commit, Start);
        Assert.Equal(new GateTransition(GateState.Committed, GateReason.ReservationReduced), gate.HandleDeadline(Start + TimeSpan.FromSeconds(300)));
        Assert.True(gate.IsReservationReduced);
        Assert.Null(gate.NextDeadline);
    }

    [Fact]
    public void The_time_scale_shortens_timers_and_counts_time_faster()
    {
        var gate = new Gate(new GateId(1), TimeSpan.FromSeconds(30), timeScale: 10) { Owner = default, Subscriber = default, Spec = Given.Upstream, Profile = Given.G711() };
        gate.Become(ResourceEnvelopes.Commit, Start);
        Assert.Equal(Start + TimeSpan.FromSeconds(6), gate.NextDeadline);
        Assert.Equal(20u, gate.CommittedSeconds(Start + TimeSpan.FromSeconds(2)));
    }

    [Theory]
    [InlineData(5u, 5u, true)]
    [InlineData(4u, 5u, true)]
    [InlineData(6u, 5u, false)]
    [InlineData(0u, 5u, false)] // 0 is no limit, which is more than any.
    [InlineData(5u, 0u, true)]
    public void Sustained_rate_fits_when_it_is_not_larger(uint inner, uint outer, bool fits) => Assert.Equal(fits, EnvelopeRules.Fits(
        TrafficProfileType.BestEffort, new ParameterSet { MaxSustainedRate = inner }, new ParameterSet { MaxSustainedRate = outer }));

    [Theory]
    [InlineData(20000u, 10000u, true)]
    [InlineData(10000u, 10000u, true)]
    [InlineData(15000u, 10000u, false)]
    [InlineData(5000u, 10000u, false)]
    public void Intervals_fit_as_whole_multiples(uint inner, uint outer, bool fits) => Assert.Equal(fits, EnvelopeRules.Fits(
        TrafficProfileType.UnsolicitedGrant, new ParameterSet { GrantInterval = inner }, new ParameterSet { GrantInterval = outer }));

    [Fact]
    public void Deadlines_come_out_in_order_whatever_is_moved_and_removed()
    {
        var random = new Random(3);
        var heap = new DeadlineHeap<Gate>();
        var model = new Dictionary<Gate, TimeSpan>();
        Gate[] gates = [.. Enumerable.Range(1, 200).Select(i => new Gate(new GateId((uint)i), default) { Owner = default, Subscriber = default })];
        for (int i = 0; i < 20_000; i++)
        {
            Gate gate = gates[random.Next(gates.Length)];
            if (random.Next(4) == 0)
            {
                heap.Remove(gate);
                model.Remove(gate);
            }
            else
            {
                TimeSpan when = TimeSpan.FromSeconds(random.Next(1000));
                heap.Set(gate, when);
                model[gate] = when;
            }
            Assert.Equal(model.Count, heap.Count);
            Assert.Equal(model.Count == 0 ? null : model.Values.Min(), heap.NextDeadline);
        }
    }

    private static Gate Create(string envelopes)
    {
        var gate = new Gate(new GateId(1), TimeSpan.FromSeconds(30)) { Owner = default, Subscriber = default, Spec = Given.Upstream, Profile = Given.G711() };
        foreach (string one in envelopes.Split(' ', StringSplitOptions.RemoveEmptyEntries)) gate.Become((ResourceEnvelopes)int.Parse(one), Start);
        return gate;
    }
}
