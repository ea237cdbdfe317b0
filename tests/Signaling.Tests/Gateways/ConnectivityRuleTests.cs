using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Gateways;

/// <summary>What a home makes of its gateway's silence.</summary>
public sealed class ConnectivityRuleTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 21, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(PresenceState.Suspect, ConnectivityReport.Nothing, true, "")]
    [InlineData(PresenceState.Suspect, ConnectivityReport.Event, true, "gateway.suspect/Status")]
    [InlineData(PresenceState.Lost, ConnectivityReport.Nothing, true, "")]
    [InlineData(PresenceState.Lost, ConnectivityReport.Event, true, "gateway.lost/Status")]
    [InlineData(PresenceState.Lost, ConnectivityReport.Trouble, true, "gateway.lost/Trouble")]
    [InlineData(PresenceState.Lost, ConnectivityReport.AlarmWhenArmed, false, "gateway.lost/Trouble")]
    [InlineData(PresenceState.Lost, ConnectivityReport.AlarmWhenArmed, true, "gateway.lost/Trouble alarm.raised/Alarm/356")]
    [InlineData(PresenceState.Lost, ConnectivityReport.Alarm, false, "gateway.lost/Trouble alarm.raised/Alarm/356")]
    [InlineData(PresenceState.Connected, ConnectivityReport.Nothing, false, "")]
    [InlineData(PresenceState.Connected, ConnectivityReport.Trouble, false, "gateway.back/Status")]
    [InlineData(PresenceState.Connected, ConnectivityReport.Alarm, true, "gateway.back/Status")]
    public void The_table_of_changes(PresenceState to, ConnectivityReport report, bool armed, string events)
    {
        var rule = new ConnectivityRule { OnSuspect = report, OnLost = report, OnBack = report };
        var change = new PresenceChange(PresenceState.Suspect, to, TimeSpan.Zero, "Nothing was heard for 60 s.");
        Assert.Equal(events, string.Join(' ', rule.Events(change, armed, s_now).Select(e => $"{e.Kind}/{e.Priority}{(e.Code is null ? "" : "/" + e.Code)}")));
    }

    [Fact]
    public void A_home_without_a_rule_gets_events_for_all_and_trouble_for_lost()
    {
        var kinds = new[] { PresenceState.Suspect, PresenceState.Lost, PresenceState.Connected }
            .SelectMany(to => ConnectivityRule.Default.Events(new PresenceChange(PresenceState.Suspect, to, TimeSpan.Zero, "x"), true, s_now)).Select(e => (e.Kind, e.Priority));
        Assert.Equal([("gateway.suspect", EventPriority.Status), ("gateway.lost", EventPriority.Trouble), ("gateway.back", EventPriority.Status)], kinds);
        Assert.Equal(PresenceLimits.Default, ConnectivityRule.Default.Limits(PresenceLimits.Default));
    }

    [Theory]
    [InlineData(20, 15, 20)]
    [InlineData(300, 45, 300)]
    public void The_grace_of_a_home_replaces_the_server_s(int lost, int suspectAfter, int lostAfter)
    {
        var presence = new GatewayPresence(new ConnectivityRule { LostAfter = TimeSpan.FromSeconds(lost) }.Limits(PresenceLimits.Default));
        var changes = new List<PresenceChange>();
        presence.HandleRequest(TimeSpan.Zero, changes);
        for (int second = 0; second <= 400; second++)
        {
            int before = changes.Count;
            presence.HandleDeadline(TimeSpan.FromSeconds(second), changes);
            if (changes.Count > before)
                Assert.Equal(changes[^1].To == PresenceState.Suspect ? suspectAfter : lostAfter, second);
        }

        Assert.Equal([PresenceState.Connected, PresenceState.Suspect, PresenceState.Lost], changes.Select(c => c.To));
    }

    [Theory]
    [InlineData(9, "LostAfter is 9 s. Choose 10 s to 1 day; the shorter it is, the more often the gateway has to ask.")]
    [InlineData(10, null)]
    [InlineData(86401, "LostAfter is 86401 s. Choose 10 s to 1 day; the shorter it is, the more often the gateway has to ask.")]
    public void A_grace_outside_its_range_is_a_sentence(int seconds, string? fault) => Assert.Equal(fault, new ConnectivityRule { LostAfter = TimeSpan.FromSeconds(seconds) }.Fault());

    [Theory]
    [InlineData("property.get", 5, null)]
    [InlineData("property.get", 6, "6 instructions with 600 octets wait already, of 8 and 1000 allowed; the last quarter is kept for arming, disarming, control and endings. Send property.get again when the gateway is back.")]
    [InlineData("partition.disarm", 7, null)]
    [InlineData("partition.disarm", 8, "8 instructions with 800 octets wait already, of 8 and 1000 allowed. Send partition.disarm again when the gateway is back.")]
    public void A_full_queue_keeps_its_last_quarter_for_what_cannot_wait(string kind, int waiting, string? refusal) =>
        Assert.Equal(refusal, new InstructionBounds(8, 1000).Refusal(kind, 100, new InstructionLoad(waiting, waiting * 100, 0, null)));
}
