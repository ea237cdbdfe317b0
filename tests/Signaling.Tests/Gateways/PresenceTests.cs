using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Gateways;

/// <summary>sma-sig-1 section 7, heartbeat: suspect, lost and back.</summary>
public sealed class PresenceTests
{
    private readonly List<PresenceChange> _changes = [];
    private readonly GatewayPresence _presence = new(PresenceLimits.Default);

    [Fact]
    public void A_pulled_cable_is_suspect_after_45_s_and_lost_after_60_s()
    {
        Request(0);
        _presence.HandleAnswered();
        Request(1);
        At(45.9);
        Assert.Equal(PresenceState.Connected, _presence.State);
        At(46);
        Assert.Equal(PresenceState.Suspect, _presence.State);
        At(60.9);
        Assert.Equal(PresenceState.Suspect, _presence.State);
        At(61);
        Assert.Equal(PresenceState.Lost, _presence.State);
        Assert.Null(_presence.NextDeadline);
    }

    [Fact]
    public void A_reset_without_a_new_connection_is_suspect_after_1_s()
    {
        Request(0);
        _presence.HandleReset(S(10));
        Assert.Equal(S(11), _presence.NextDeadline);
        At(10.9);
        Assert.Equal(PresenceState.Connected, _presence.State);
        At(11);
        Assert.Equal(PresenceState.Suspect, _presence.State);
        Assert.Equal("The connection was reset and no other came within 1 s.", _changes[^1].Reason);
    }

    [Fact]
    public void A_new_connection_in_time_makes_a_reset_harmless()
    {
        Request(0);
        _presence.HandleReset(S(10));
        Request(10.5);
        At(40);
        Assert.Equal(PresenceState.Connected, _presence.State);
        Assert.Single(_changes);
    }

    [Fact]
    public void One_of_two_held_requests_may_break_without_suspicion()
    {
        Request(0);
        Request(0);
        _presence.HandleReset(S(5));
        Assert.Equal(S(45), _presence.NextDeadline);
    }

    [Fact]
    public void A_lost_gateway_that_is_heard_is_back_and_the_change_says_since_when_it_was_silent()
    {
        Request(0);
        At(60);
        At(61);
        Request(100);
        PresenceChange back = _changes[^1];
        Assert.Equal((PresenceState.Lost, PresenceState.Connected, S(0)), (back.From, back.To, back.Since));
    }

    [Fact]
    public void A_held_request_that_comes_every_25_s_is_heartbeat_enough_for_a_day()
    {
        for (int second = 0; second < 86_400; second += 25)
        {
            Request(second);
            At(second + 25);
            _presence.HandleAnswered();
        }

        Assert.Single(_changes);
    }

    [Fact]
    public void After_a_restart_a_gateway_that_was_connected_is_expected_and_its_silence_counts_from_the_time_it_needs_to_return()
    {
        _presence.HandleExpected(PresenceState.Connected, S(-20), until: S(30));
        Assert.Empty(_changes);
        At(74.9);
        Assert.Equal(PresenceState.Connected, _presence.State);
        At(75);
        Assert.Equal((PresenceState.Suspect, S(-20)), (_presence.State, _changes[^1].Since));
        At(90);
        Assert.Equal(PresenceState.Lost, _presence.State);
    }

    [Fact]
    public void An_expected_gateway_that_was_heard_has_no_allowance_left()
    {
        _presence.HandleExpected(PresenceState.Connected, S(-20), until: S(400));
        Request(5);
        _presence.HandleAnswered();
        Assert.Equal(S(50), _presence.NextDeadline);
    }

    [Theory]
    [InlineData(PresenceState.Lost)]
    [InlineData(PresenceState.Suspect)]
    public void A_gateway_that_was_lost_or_suspect_before_a_restart_is_back_when_it_is_heard(PresenceState before)
    {
        _presence.HandleExpected(before, S(-500), until: S(10));
        Request(5);
        Assert.Equal((before, PresenceState.Connected, S(-500)), (Assert.Single(_changes).From, _presence.State, _changes[0].Since));
    }

    [Fact]
    public void Who_was_told_to_come_back_later_may_be_silent_until_then_also_when_an_alarm_comes_between()
    {
        Request(0);
        _presence.HandleAnswered();
        _presence.HandleTold(S(100));
        Request(10);
        _presence.HandleReset(S(11));
        At(100.9);
        Assert.Equal(PresenceState.Connected, _presence.State);
        At(101);
        Assert.Equal(PresenceState.Suspect, _presence.State);
        At(160);
        Assert.Equal(PresenceState.Lost, _presence.State);
    }

    private static TimeSpan S(double seconds) => TimeSpan.FromSeconds(seconds);

    private void Request(double second) => _presence.HandleRequest(S(second), _changes);

    private void At(double second) => _presence.HandleDeadline(S(second), _changes);
}
