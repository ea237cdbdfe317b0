using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.Tests.Contract;
using MediaRelay.Tests.Support;

namespace MediaRelay.Signaling.Tests.Gateways;

/// <summary>sma-sig-1 section 7: instructions at least once, retry, storm guard, rates.</summary>
public sealed class DeliveryRulesTests
{
    [Fact]
    public void An_instruction_is_sent_once_and_again_only_after_5_s_without_acknowledgement()
    {
        var window = new InstructionWindow();
        window.Add(Numbered(1));
        Assert.Equal([1UL], Take(window, 0));
        Assert.Empty(Take(window, 4.9));
        Assert.Equal([1UL], Take(window, 5));
        Assert.True(window.Acknowledge(1));
        Assert.False(window.Acknowledge(1));
        Assert.Empty(Take(window, 60));
    }

    [Fact]
    public void An_old_acknowledgement_of_the_second_held_request_does_not_repeat_what_the_first_carried()
    {
        var window = new InstructionWindow();
        window.Add(Numbered(1));
        window.Add(Numbered(2));
        Assert.Equal([1UL, 2UL], Take(window, 0));
        window.Add(Numbered(3));
        window.Acknowledge(0);
        Assert.Equal([3UL], Take(window, 0.01));
    }

    [Fact]
    public void Instructions_keep_their_order_and_come_once_however_they_arrive_from_storage()
    {
        var window = new InstructionWindow();
        foreach (ulong seq in new ulong[] { 3, 1, 2, 3, 1 })
            window.Add(Numbered(seq));
        Assert.Equal([1UL, 2UL, 3UL], Take(window, 0));
    }

    [Fact]
    public void An_answer_ends_before_it_is_larger_than_a_gateway_reads_and_the_rest_is_ready_for_the_next()
    {
        var window = new InstructionWindow(instruction => instruction.Seq == 4 ? 300_000 : 80_000);
        for (ulong seq = 1; seq <= 5; seq++)
            window.Add(Numbered(seq));
        Assert.Equal([1UL, 2UL], Take(window, 0));
        Assert.Equal([3UL], Take(window, 0));
        Assert.Equal([4UL], Take(window, 0));
        Assert.Equal([5UL], Take(window, 0));
    }

    [Fact]
    public void A_new_session_gets_everything_that_is_not_acknowledged()
    {
        var window = new InstructionWindow();
        window.Add(Numbered(1));
        window.Add(Numbered(2));
        Take(window, 0);
        window.Acknowledge(1);
        window.Reset();
        Assert.Equal([2UL], Take(window, 0.1));
    }

    [Fact]
    public void Retry_doubles_with_full_jitter_up_to_300_s_and_30_s_for_alarms()
    {
        var backoff = new RetryBackoff(new CountingRandom());
        var alarms = new RetryBackoff(new CountingRandom());
        double most = 0, mostForAlarms = 0;
        for (int i = 0; i < 2000; i++)
        {
            double ceiling = Math.Min(300, 0.5 * Math.Pow(2, Math.Min(i, 29)));
            double wait = backoff.HandleFailure(false, null).TotalSeconds;
            Assert.InRange(wait, 0.05, ceiling);
            most = Math.Max(most, wait);
            mostForAlarms = Math.Max(mostForAlarms, alarms.HandleFailure(true, null).TotalSeconds);
        }

        Assert.InRange(most, 250, 300);
        Assert.InRange(mostForAlarms, 25, 30);
    }

    [Fact]
    public void Retry_after_is_obeyed_but_an_alarm_waits_30_s_at_most()
    {
        var backoff = new RetryBackoff(new CountingRandom());
        Assert.Equal(TimeSpan.FromSeconds(77), backoff.HandleFailure(false, TimeSpan.FromSeconds(77)));
        Assert.Equal(TimeSpan.FromSeconds(30), backoff.HandleFailure(true, TimeSpan.FromSeconds(77)));
        backoff.HandleSuccess();
        Assert.Equal(0, backoff.Failures);
    }

    [Fact]
    public void After_two_failures_the_other_server_is_used_and_a_late_failure_of_the_first_does_not_lead_back()
    {
        var servers = new ServerChoice();
        int first = servers.Current;
        Assert.False(servers.HandleFailure(first));
        servers.HandleSuccess(first);
        Assert.False(servers.HandleFailure(first));
        Assert.True(servers.HandleFailure(first));
        Assert.False(servers.HandleFailure(first));
        Assert.False(servers.HandleFailure(first));
        int second = servers.Current;
        Assert.False(servers.HandleFailure(second));
        servers.HandleSuccess(first);
        Assert.True(servers.HandleFailure(second));
    }

    [Fact]
    public void After_an_outage_gateways_are_admitted_at_the_rate_and_each_of_the_others_gets_its_time()
    {
        var admission = new ReconnectAdmission(100, 100, TimeSpan.FromSeconds(120), new CountingRandom());
        var returns = new List<(TimeSpan Slot, double Wait, double At)>();
        for (int i = 0; i < 5000; i++)
        {
            TimeSpan now = TimeSpan.FromSeconds(i / 5000.0);
            if (!admission.TryAdmit(false, null, now, out TimeSpan wait, out TimeSpan? slot))
                returns.Add((slot!.Value, wait.TotalSeconds, now.TotalSeconds));
        }

        Assert.InRange(5000 - returns.Count, 100, 205);
        Assert.Equal(returns.Count, admission.Refused);
        // 4900 at 100/s need 49 s: the latest are sent that far away, and not all to the same moment.
        Assert.InRange(returns.Max(one => one.Wait), 48, 51);
        Assert.True(returns.GroupBy(one => Math.Floor(one.At + one.Wait)).Max(g => g.Count()) <= 201);
        // Each is let in at its time, whatever else comes.
        foreach ((TimeSpan slot, double wait, double at) in returns.OrderBy(one => one.At + one.Wait))
        {
            Assert.False(admission.TryAdmit(false, null, slot - TimeSpan.FromSeconds(0.001), out _, out _));
            Assert.True(admission.TryAdmit(false, slot, TimeSpan.FromSeconds(at + wait), out _, out _));
        }
    }

    [Fact]
    public void Who_comes_before_its_time_keeps_it_who_comes_far_too_late_has_none_and_who_found_none_left_is_sent_away_for_half_the_longest_wait_or_more()
    {
        var admission = new ReconnectAdmission(1, 1, TimeSpan.FromSeconds(10), new CountingRandom());
        Assert.True(admission.TryAdmit(false, null, TimeSpan.Zero, out _, out _));
        Assert.False(admission.TryAdmit(false, null, TimeSpan.Zero, out TimeSpan wait, out TimeSpan? mine));
        Assert.Equal((1, 1), (wait.TotalSeconds, mine!.Value.TotalSeconds));
        Assert.False(admission.TryAdmit(false, mine, TimeSpan.FromSeconds(0.4), out wait, out TimeSpan? kept));
        Assert.Equal((1, mine), (wait.TotalSeconds, kept));
        for (int i = 0; i < 9; i++)
            Assert.False(admission.TryAdmit(false, null, TimeSpan.FromSeconds(0.4), out _, out _));
        Assert.False(admission.TryAdmit(false, null, TimeSpan.FromSeconds(0.4), out wait, out TimeSpan? none));
        Assert.Null(none);
        Assert.InRange(wait.TotalSeconds, 5, 10);
        Assert.False(admission.TryAdmit(false, TimeSpan.FromSeconds(-40), TimeSpan.FromSeconds(0.4), out _, out _));
        Assert.True(admission.TryAdmit(false, mine, TimeSpan.FromSeconds(1.2), out _, out _));
    }

    [Fact]
    public void An_alarm_is_admitted_whatever_the_storm()
    {
        var admission = new ReconnectAdmission(1, 1, TimeSpan.FromSeconds(120), new CountingRandom());
        for (int i = 0; i < 1000; i++)
            admission.TryAdmit(false, null, TimeSpan.Zero, out _, out _);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.True(admission.TryAdmit(true, null, TimeSpan.Zero, out TimeSpan _, out TimeSpan? _)));
    }

    [Fact]
    public void A_rate_allows_its_burst_and_then_says_when_the_next_fits()
    {
        var bucket = new RateBucket(10, 20);
        Assert.All(Enumerable.Range(0, 20), _ => Assert.True(bucket.TryTake(1, TimeSpan.Zero, out TimeSpan _)));
        Assert.False(bucket.TryTake(1, TimeSpan.Zero, out TimeSpan wait));
        Assert.Equal(TimeSpan.FromSeconds(0.1), wait);
        Assert.True(bucket.TryTake(1, TimeSpan.FromSeconds(0.1), out _));
    }

    private static Instruction Numbered(ulong seq) => Samples.Instructions[0] with { Seq = seq };

    private static ulong[] Take(InstructionWindow window, double second)
    {
        var batch = new List<Instruction>();
        window.Take(TimeSpan.FromSeconds(second), 64, batch);
        return [.. batch.Select(instruction => instruction.Seq)];
    }
}
