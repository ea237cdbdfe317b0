using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn.Tests.Tables;

public sealed class DeadlineWheelTests
{
    [Fact]
    public void Timers_fire_in_order_never_early_and_at_most_one_tick_late()
    {
        var random = new Random(7);
        var wheel = new DeadlineWheel();
        var deadlines = new Dictionary<uint, TimeSpan>();
        for (uint i = 0; i < 5000; i++)
        {
            // From milliseconds to beyond the horizon of 20 days.
            var deadline = TimeSpan.FromMilliseconds(Math.Pow(10, random.NextDouble() * 9.6));
            deadlines[i] = deadline;
            wheel.Add(deadline, i);
        }

        var steps = 0;
        while (wheel.NextDeadline is { } now)
        {
            steps++;
            while (wheel.TryTakeDue(now, out var payload))
            {
                Assert.True(deadlines.Remove(payload, out var deadline), "each timer fires once");
                Assert.InRange(now, deadline, deadline + DeadlineWheel.Resolution);
            }
        }

        Assert.Empty(deadlines);
        Assert.Equal(0, wheel.Count);
        Assert.InRange(steps, 1, 5000 * 5);
    }

    [Fact]
    public void A_random_history_of_adding_removing_and_time_agrees_with_a_sorted_list()
    {
        var random = new Random(11);
        var wheel = new DeadlineWheel();
        var model = new Dictionary<uint, (int Id, TimeSpan Deadline)>();
        var now = TimeSpan.Zero;
        uint next = 0;
        for (var step = 0; step < 60_000; step++)
        {
            switch (random.Next(4))
            {
                case 0 or 1:
                    var deadline = now + TimeSpan.FromMilliseconds(random.Next(1, 1_000_000));
                    model[next] = (wheel.Add(deadline, next), deadline);
                    next++;
                    break;
                case 2 when model.Count > 0:
                    var victim = model.Keys.ElementAt(random.Next(Math.Min(model.Count, 20)));
                    wheel.Remove(model[victim].Id);
                    model.Remove(victim);
                    break;
                default:
                    now += TimeSpan.FromMilliseconds(random.Next(0, 3000));
                    while (wheel.TryTakeDue(now, out var payload))
                    {
                        Assert.True(model[payload].Deadline <= now);
                        model.Remove(payload);
                    }

                    if (step % 50 == 0)
                    {
                        Assert.All(model.Values, v => Assert.True(v.Deadline + DeadlineWheel.Resolution > now));
                    }

                    break;
            }

            Assert.Equal(model.Count, wheel.Count);
        }
    }

    [Fact]
    public void The_next_deadline_is_never_later_than_the_earliest_timer_needs()
    {
        var wheel = new DeadlineWheel();
        Assert.Null(wheel.NextDeadline);
        var far = wheel.Add(TimeSpan.FromMinutes(10), 1);
        Assert.True(wheel.NextDeadline <= TimeSpan.FromMinutes(10) + DeadlineWheel.Resolution);
        wheel.Add(TimeSpan.FromSeconds(1), 2);
        Assert.True(wheel.NextDeadline <= TimeSpan.FromSeconds(1) + DeadlineWheel.Resolution);
        wheel.Remove(far);
        Assert.False(wheel.TryTakeDue(TimeSpan.FromSeconds(0.9), out _));
        Assert.True(wheel.TryTakeDue(TimeSpan.FromSeconds(1.2), out var payload));
        Assert.Equal(2u, payload);
        Assert.Null(wheel.NextDeadline);
    }
}
