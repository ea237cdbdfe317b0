using MediaRelay.Gateway.Session;
using MediaRelay.Tests.Support;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>Whose time the gateway goes by.</summary>
public sealed class GatewayClockTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 5, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("1970-01-01", "2026-01-01", false, true)]
    [InlineData("2025-12-31", "2026-01-01", false, true)]
    [InlineData("2026-06-05", "2026-06-06", false, true)]
    [InlineData("2026-06-05", "2020-01-01", false, false)]
    [InlineData("2026-06-05", "2026-01-01", true, true)]
    public void A_clock_from_before_the_program_or_the_certificate_is_not_set(string system, string floor, bool isUnset, bool expected)
    {
        var time = new ManualTime(Day(system));
        var clock = new GatewayClock(time, Day(floor), isUnset);
        time.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(expected, clock.IsClockUnset);
        Assert.Equal(expected ? DateTimeOffset.UnixEpoch.AddSeconds(90) : Day(system).AddSeconds(90), clock.UtcNow);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1.5, 0)]
    [InlineData(-31, -31)]
    [InlineData(3600, 3600)]
    public void The_servers_time_is_taken_when_it_differs_by_more_than_an_answers_way(double behind, double corrected)
    {
        var time = new ManualTime(Noon);
        var clock = new GatewayClock(time, GatewayClock.Era, false);
        time.Advance(TimeSpan.FromSeconds(10));
        TimeSpan arrived = clock.Now;
        // The answer waits a while before it is looked at.
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.FromSeconds(corrected), clock.HandleServerTime(Noon.AddSeconds(10 + behind), arrived));
        Assert.Equal(Noon.AddSeconds(15 + corrected), clock.UtcNow);
        time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(Noon.AddSeconds(15 + corrected).AddDays(1), clock.UtcNow);
    }

    [Fact]
    public void Until_the_server_speaks_the_system_is_followed_and_afterwards_its_steps_are_not()
    {
        var time = new ManualTime(Day("1970-01-01"));
        var clock = new GatewayClock(time, GatewayClock.Era, false);
        Assert.True(clock.IsClockUnset);
        time.WallClockStep = Noon - Day("1970-01-01");
        Assert.Equal((false, Noon), (clock.IsClockUnset, clock.UtcNow));
        clock.HandleServerTime(Noon, clock.Now);
        time.WallClockStep += TimeSpan.FromDays(400);
        Assert.Equal(Noon, clock.UtcNow);
        time.WallClockStep = TimeSpan.Zero;
        Assert.False(clock.IsClockUnset);
    }

    [Fact]
    public void A_later_word_of_the_server_corrects_what_the_crystal_lost()
    {
        var time = new ManualTime(Noon);
        var clock = new GatewayClock(time, GatewayClock.Era, false);
        clock.HandleServerTime(Noon, clock.Now);
        time.Advance(TimeSpan.FromDays(10));
        Assert.Equal(TimeSpan.Zero, clock.HandleServerTime(Noon.AddDays(10).AddSeconds(7), clock.Now));
        Assert.Equal(Noon.AddDays(10).AddSeconds(7), clock.UtcNow);
        Assert.True(clock.IsDoubtful(clock.UtcNow.AddSeconds(-3)));
        Assert.False(clock.IsDoubtful(clock.UtcNow.AddSeconds(1)));
    }

    private static DateTimeOffset Day(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal);
}
