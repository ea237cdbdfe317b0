using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Gateways;

/// <summary>After a restart or an outage all gateways return: how fast, and that none of those that only wait is taken for lost.</summary>
public sealed class ReturnPlanTests
{
    private static readonly ReturnPlan s_plan = new(300, TimeSpan.FromSeconds(120));

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(5_000, 20, 20)]
    [InlineData(6_250, 25, 25)]
    [InlineData(10_000, 40, 25)]
    [InlineData(50_000, 120, 25)]
    public void The_spread_is_what_the_number_needs_and_at_the_end_of_a_process_25_s_at_most(int gateways, double spread, double atTheEnd)
    {
        Assert.Equal(spread, s_plan.Spread(gateways).TotalSeconds, 3);
        Assert.Equal(atTheEnd, s_plan.SpreadAtTheEnd(gateways).TotalSeconds, 3);
    }

    [Theory]
    [InlineData(1, -5, 3)]
    [InlineData(1, 10, 23)]
    [InlineData(5_000, 0, 60)]
    [InlineData(5_000, 10, 80)]
    [InlineData(50_000, 3600, 500)]
    public void The_allowance_is_what_the_number_needs_and_the_longest_wait_of_a_gateway_s_back_off(int gateways, double outage, double seconds) =>
        Assert.Equal(seconds, s_plan.Allowance(gateways, TimeSpan.FromSeconds(outage)).TotalSeconds, 3);

    [Theory]
    [InlineData(1, 3, false)]
    [InlineData(5_000, 2, false)]
    [InlineData(5_000, 5, false)]
    [InlineData(5_000, 8, false)]
    [InlineData(5_000, 3, true)]
    public void After_a_planned_restart_5000_gateways_are_back_within_30_s_and_none_was_missed(int gateways, int down, bool isEager)
    {
        using var restart = new PlannedRestartSimulation();
        restart.Run(gateways, TimeSpan.FromSeconds(down), isPlanned: true, isEager);
        Assert.Equal((0, 0), (restart.Suspect, restart.Lost));
        Assert.InRange((restart.LastBack - TimeSpan.FromSeconds(down)).TotalSeconds, 0, 30);
    }

    [Theory]
    [InlineData(50_000, 3, true, true)]
    [InlineData(50_000, 3, true, false)]
    [InlineData(50_000, 10, false, true)]
    [InlineData(20_000, 60, false, true)]
    [InlineData(5_000, 600, false, true)]
    public void Nobody_who_returns_is_taken_for_lost_however_many_there_are_and_however_long_it_took(int gateways, int down, bool isPlanned, bool isEager)
    {
        using var restart = new PlannedRestartSimulation();
        restart.Run(gateways, TimeSpan.FromSeconds(down), isPlanned, isEager);
        Assert.Equal(0, restart.Lost);
        Assert.InRange((restart.LastBack - TimeSpan.FromSeconds(down)).TotalSeconds, 0, 420);
    }

    [Fact]
    public void A_server_that_counts_the_silence_it_asked_for_would_miss_many()
    {
        using var restart = new PlannedRestartSimulation();
        restart.Run(50_000, TimeSpan.FromSeconds(3), isPlanned: true, isEager: true, isLenient: false);
        Assert.True(restart.Lost > 1_000, $"{restart.Lost} lost");
    }
}
