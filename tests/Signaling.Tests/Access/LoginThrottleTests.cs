using MediaRelay.Signaling.Access;

namespace MediaRelay.Signaling.Tests.Access;

public sealed class LoginThrottleTests
{
    private readonly LoginThrottle _throttle = new();

    [Fact]
    public void Ten_failures_of_one_account_and_source_make_it_wait_out_the_minute()
    {
        Fail(10, "ann", "192.0.2.1");
        Assert.Equal(TimeSpan.FromSeconds(50), _throttle.Wait("ann", "192.0.2.1", TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.Zero, _throttle.Wait("ann", "192.0.2.2", TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.Zero, _throttle.Wait("ann", "192.0.2.1", TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void An_account_is_guarded_against_many_sources_and_a_source_against_many_accounts()
    {
        for (var i = 0; i < 30; i++)
            Fail(1, "ann", $"192.0.2.{i}");
        Assert.NotEqual(TimeSpan.Zero, _throttle.Wait("ann", "198.51.100.1", TimeSpan.Zero));
        for (var i = 0; i < 100; i++)
            Fail(1, $"user{i}", "203.0.113.5");
        Assert.NotEqual(TimeSpan.Zero, _throttle.Wait("fresh", "203.0.113.5", TimeSpan.Zero));
    }

    [Fact]
    public void A_flood_of_names_is_forgotten_oldest_first()
    {
        Fail(10, "ann", "192.0.2.1");
        for (var i = 0; i < 10_000; i++)
            Fail(1, $"user{i}", $"host{i}");
        Assert.Equal(TimeSpan.Zero, _throttle.Wait("ann", "192.0.2.1", TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void Tries_at_the_same_time_count_from_their_start_and_success_takes_back_only_its_own()
    {
        Fail(9, "ann", "192.0.2.1");
        Assert.Equal(TimeSpan.Zero, _throttle.Begin("ann", "192.0.2.1", TimeSpan.Zero));
        Assert.Equal(TimeSpan.FromMinutes(1), _throttle.Begin("ann", "192.0.2.1", TimeSpan.Zero));
        _throttle.HandleSuccess("ann", "192.0.2.1");
        Assert.Equal(TimeSpan.Zero, _throttle.Begin("ann", "192.0.2.1", TimeSpan.Zero));
        Assert.Equal(TimeSpan.FromMinutes(1), _throttle.Begin("ann", "192.0.2.1", TimeSpan.Zero));
    }

    [Fact]
    public void Addresses_of_one_IPv6_network_are_one_source()
    {
        for (var i = 0; i < 10; i++)
            Fail(1, "ann", $"2001:db8:0:7::{i:x}");
        Assert.NotEqual(TimeSpan.Zero, _throttle.Begin("ann", "2001:db8:0:7:ffff::1", TimeSpan.Zero));
        Assert.Equal(TimeSpan.Zero, _throttle.Begin("ann", "2001:db8:0:8::1", TimeSpan.Zero));
    }

    private void Fail(int count, string account, string source)
    {
        for (var i = 0; i < count; i++)
            _throttle.Begin(account, source, TimeSpan.Zero);
    }
}
