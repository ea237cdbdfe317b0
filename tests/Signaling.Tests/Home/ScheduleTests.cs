using System.Globalization;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>When schedules and delayed actions act: daylight saving, restarts, clocks that are set late or wrong.</summary>
public sealed class ScheduleTests
{
    [Theory]
    [InlineData("2026-03-28", "07:00", "03-28 06:00,03-29 05:00,03-30 05:00")]
    [InlineData("2026-10-24", "07:00", "10-24 05:00,10-25 06:00,10-26 06:00")]
    [InlineData("2026-03-28", "02:30", "03-28 01:30,03-29 01:00,03-30 00:30")]
    [InlineData("2026-10-24", "02:30", "10-24 00:30,10-25 00:30,10-26 01:30")]
    public void Every_time_of_day_comes_once_a_day_through_both_changes_of_daylight_saving(string day, string at, string expected)
    {
        HomeBench home = new(Utc(day + " 00:00"), "Europe/Berlin");
        home.Store(Schedule(at));
        home.Pass(TimeSpan.FromDays(3));
        Assert.Equal(expected.Split(',').Select(time => time + " lamp on=true"), home.Sets());
    }

    [Fact]
    public void Days_of_the_week_are_those_of_the_home()
    {
        // 23:30 UTC on Friday is Saturday in Berlin.
        HomeBench home = new(Utc("2026-06-05 20:00"), "Europe/Berlin");
        home.Store(Schedule("01:30") with { Days = ["sat"] });
        home.Pass(TimeSpan.FromDays(2));
        Assert.Equal(["06-05 23:30 lamp on=true"], home.Sets());
    }

    [Fact]
    public void A_restart_within_the_minute_does_not_do_it_again_and_the_next_day_does()
    {
        HomeBench home = new(Utc("2026-06-05 06:59"));
        home.Store(Schedule("07:00"));
        home.Pass(TimeSpan.FromSeconds(70));
        Assert.Equal(["06-05 07:00 lamp on=true"], home.Sets());
        home.Restart(TimeSpan.FromSeconds(20));
        home.Pass(TimeSpan.FromMinutes(5));
        Assert.Empty(home.Sets());
        home.Pass(TimeSpan.FromDays(1));
        Assert.Equal(["06-06 07:00 lamp on=true"], home.Sets());
    }

    [Fact]
    public void A_restart_in_the_hour_that_is_repeated_does_not_repeat_what_was_done()
    {
        HomeBench home = new(Utc("2026-10-25 00:29"), "Europe/Berlin");
        home.Store(Schedule("02:30"));
        home.Pass(TimeSpan.FromMinutes(30));
        Assert.Equal(["10-25 00:30 lamp on=true"], home.Sets());
        home.Restart(TimeSpan.FromMinutes(20));
        home.Pass(TimeSpan.FromHours(3));
        Assert.Empty(home.Sets());
    }

    [Fact]
    public void Without_a_clock_there_are_no_schedules_and_no_times_of_day()
    {
        HomeBench home = new(Utc("2026-06-05 10:00"));
        home.Store(Schedule("00:02"));
        home.Store(new DirectiveBody
        {
            Id = "night", Version = 1, Type = "trigger", When = [new DirectiveCondition { Device = "door", Property = "contact", Value = "open" }],
            If = [new DirectiveCondition { From = new TimeOnly(22, 0), To = new TimeOnly(6, 0) }], Do = [On],
        });
        home.IsClockUnset = true;
        home.Restart();
        home.Pass(TimeSpan.FromMinutes(10));
        home.Report("door", "contact", "open");
        Assert.Empty(home.Sets());
        home.SetClock();
        home.Report("door", "contact", "closed");
        home.Pass(TimeSpan.FromHours(14));
        home.Report("door", "contact", "open");
        Assert.Equal(["06-06 00:02 lamp on=true", "06-06 00:10 lamp on=true"], home.Sets());
    }

    [Fact]
    public void A_schedule_is_looked_at_as_soon_as_the_clock_is_set_and_values_get_their_true_times()
    {
        HomeBench home = new(Utc("2026-06-05 06:59")) { IsClockUnset = true };
        home.Restart();
        home.Store(Schedule("07:00"));
        home.Report("air", "temperature", "20");
        home.Pass(TimeSpan.FromSeconds(90));
        Assert.Empty(home.Sets());
        home.SetClock();
        Assert.Equal(["06-05 07:00 lamp on=true"], home.Sets());
        Assert.Equal(Utc("2026-06-05 06:59"), home.Devices.Single(one => one.Ref == "air").Properties.Single().At);
    }

    [Theory]
    [InlineData(-2, "")]
    [InlineData(-120, "06-05 07:00 lamp on=true")]
    public void A_clock_set_back_by_minutes_repeats_nothing_and_one_that_was_wrong_by_hours_is_followed(int minutes, string expected)
    {
        HomeBench home = new(Utc("2026-06-05 06:59"));
        home.Store(Schedule("07:00"));
        home.Pass(TimeSpan.FromMinutes(2));
        home.Sets();
        home.Step(TimeSpan.FromMinutes(minutes));
        home.Pass(TimeSpan.FromMinutes(-minutes + 30));
        Assert.Equal(expected, string.Join(',', home.Sets()));
    }

    [Fact]
    public void A_delayed_action_comes_after_its_delay_and_over_a_restart_after_what_is_left_of_it()
    {
        HomeBench home = Delayed();
        home.Pass(TimeSpan.FromMinutes(4));
        Assert.Equal(["06-05 10:00 lamp on=true"], home.Sets());
        home.Restart(TimeSpan.FromMinutes(2));
        home.Pass(TimeSpan.FromMinutes(20));
        Assert.Equal(["06-05 10:10 lamp on=false"], home.Sets());
        home.Restart();
        home.Pass(TimeSpan.FromHours(1));
        Assert.Empty(home.Sets());
    }

    [Fact]
    public void One_that_was_due_while_the_gateway_stood_still_comes_at_once_but_not_hours_later()
    {
        HomeBench home = Delayed();
        home.Sets();
        home.Restart(TimeSpan.FromMinutes(30));
        Assert.Equal(["06-05 10:30 lamp on=false"], home.Sets());
        home = Delayed();
        home.Sets();
        home.Restart(TimeSpan.FromHours(3));
        SmaEvent told = home.Events().Single(one => one.Kind == SmaEventKinds.Log);
        Assert.Equal(("Directive d: property.set was not done: the gateway stood still until long after its time.", EventPriority.Trouble), (((TextBody)told.Body!).Text, told.Priority));
        home.Pass(TimeSpan.FromHours(1));
        Assert.Empty(home.Sets());
    }

    [Fact]
    public void Without_a_clock_after_the_restart_the_delay_is_waited_for_in_full()
    {
        HomeBench home = Delayed();
        home.Pass(TimeSpan.FromMinutes(4));
        home.Sets();
        home.IsClockUnset = true;
        home.Restart(TimeSpan.FromDays(2));
        home.Pass(TimeSpan.FromMinutes(9));
        Assert.Empty(home.Sets());
        home.Pass(TimeSpan.FromMinutes(2));
        Assert.Equal(["06-07 10:14 lamp on=false"], home.Sets());
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("disabled")]
    [InlineData("changed")]
    [InlineData("deleted, restarted")]
    public void What_a_directive_still_had_to_do_ends_with_it(string how)
    {
        HomeBench home = Delayed();
        home.Sets();
        if (how.StartsWith("deleted", StringComparison.Ordinal))
            home.Do("directive.delete", null, new DirectiveBody { Id = "d", Version = 1 });
        else
            home.Store(Lamp with { Version = 2, Enabled = how != "disabled", Do = [On] });
        if (how.EndsWith("restarted", StringComparison.Ordinal))
            home.Restart();
        home.Pass(TimeSpan.FromHours(1));
        Assert.Empty(home.Sets());
    }

    [Fact]
    public void The_same_version_again_leaves_what_waits_alone()
    {
        HomeBench home = Delayed();
        home.Store(Lamp);
        home.Sets();
        home.Pass(TimeSpan.FromHours(1));
        Assert.Equal(["06-05 10:10 lamp on=false"], home.Sets());
    }

    private static DirectiveAction On => new() { Kind = "property.set", Device = "lamp", Property = "on", Value = "true" };

    private static DirectiveBody Lamp { get; } = new()
    {
        Id = "d", Version = 1, Type = "trigger", When = [new DirectiveCondition { Device = "door", Property = "contact", Value = "open" }],
        Do = [On, On with { Value = "false", Delay = TimeSpan.FromMinutes(10) }],
    };

    private static HomeBench Delayed()
    {
        HomeBench home = new(Utc("2026-06-05 10:00"));
        home.Store(Lamp);
        home.Report("door", "contact", "open");
        return home;
    }

    private static DirectiveBody Schedule(string at) => new() { Id = "s", Version = 1, Type = "schedule", At = TimeOnly.Parse(at, CultureInfo.InvariantCulture), Do = [On] };

    private static DateTimeOffset Utc(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
