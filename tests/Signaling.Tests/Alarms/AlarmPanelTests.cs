using MediaRelay.Signaling.Alarms;

namespace MediaRelay.Signaling.Tests.Alarms;

/// <summary>The alarm machine as a manual: each row is a short story, told as steps, and what the panel says at its end.</summary>
public sealed class AlarmPanelTests
{
    private static readonly Zone[] s_zones =
    [
        new(1, "front door", 1, ZoneKind.Delayed, "134", EntryDelay: TimeSpan.FromSeconds(30)),
        new(2, "kitchen window", 1, ZoneKind.Instant, "131"),
        new(3, "hall motion", 1, ZoneKind.Instant, "132", ArmedInStay: false),
        new(4, "smoke", 1, ZoneKind.TwentyFourHour, "111"),
        new(5, "back door", 1, ZoneKind.Delayed, "134", EntryDelay: TimeSpan.FromSeconds(45)),
        new(6, "panic button", 1, ZoneKind.TwentyFourHour, "123"),
        new(7, "garage door", 2, ZoneKind.Delayed, "134", EntryDelay: TimeSpan.FromSeconds(20)),
        new(8, "garage window", 2, ZoneKind.Instant, "131"),
    ];

    // Zones: 1 front door (delayed, 30 s), 2 kitchen window (instant), 3 hall motion (instant, interior), 4 smoke (24-hour), 5 back door (delayed, 45 s),
    // 6 panic button (24-hour); in partition 2: 7 garage door (delayed, 20 s), 8 garage window (instant).
    // Steps: "arm away|stay|night|off [PARTITION]", "disarm [PARTITION]", "open N", "close N", "+SECONDS", "bypass N" (used by the next arm),
    // "out N", "keep N", "in N" (leave out once, for good, take back), "remove N" (the zone is taken away),
    // "entry SECONDS" (entry delay of the next arm), "as portal", "as schedule" (how what follows comes; a code at the keypad otherwise),
    // "restart SECONDS" (the gateway was away for that long), "restart blind" (its clock cannot say how long).
    public static TheoryData<string, string, string[]> Manual => new()
    {
        { "Arming away gives time to leave.", "arm away", ["partition.state 401R ExitDelay: Ann armed partition 1 away: 60 s to leave through a delayed zone."] },
        { "After the exit delay the partition is armed.", "arm away, +60", ["partition.state -R Armed: The exit delay of partition 1 ended: it is armed away."] },
        { "Leaving through the front door is silent.", "arm away, open 1, close 1, +60", ["partition.state -R Armed: The exit delay of partition 1 ended: it is armed away."] },
        { "A window that opens while people leave alarms at once.", "arm away, open 2", ["alarm.raised 131 Alarm: Alarm (perimeter): Zone 2 (kitchen window) opened during the exit delay, but only delayed zones may be used to leave."] },
        { "A door left open is an exit error.", "arm away, open 1, +60", ["partition.state -R Armed: The exit delay of partition 1 ended: it is armed away.", "alarm.raised 374 Alarm: Alarm (exit error by zone): Zone 1 (front door) was still open when the exit delay ended."] },
        { "Coming home starts the entry delay.", "arm away, +60, open 1", ["entry.started - EntryDelay: Zone 1 (front door) opened while partition 1 is armed away: 30 s to disarm, then an alarm."] },
        { "Disarming in time raises nothing.", "arm away, +60, open 1, +29, disarm", ["entry.ended - Disarmed: Ann disarmed partition 1 within the entry delay; no alarm was raised.", "partition.state 401 Disarmed: Ann disarmed partition 1."] },
        { "Nobody disarms: alarm with the entry zone's code.", "arm away, +60, open 1, +30", ["alarm.raised 134 Alarm: Alarm (entry/exit door): Zone 1 (front door) opened and nobody disarmed within 30 s."] },
        { "The first delayed zone decides the entry delay.", "arm away, +60, open 1, open 5, +30", ["alarm.raised 134 Alarm: Alarm (entry/exit door): Zone 1 (front door) opened and nobody disarmed within 30 s."] },
        { "Closing the door does not stop the entry delay.", "arm away, +60, open 1, close 1, +30", ["alarm.raised 134 Alarm: Alarm (entry/exit door): Zone 1 (front door) opened and nobody disarmed within 30 s."] },
        { "A window during the entry delay does not wait.", "arm away, +60, open 1, open 2", ["alarm.raised 131 Alarm: Alarm (perimeter): Zone 2 (kitchen window) opened during the entry delay, but it has no delay of its own."] },
        { "An instant zone alarms at once.", "arm away, +60, open 2", ["alarm.raised 131 Alarm: Alarm (perimeter): Zone 2 (kitchen window) opened while partition 1 is armed away."] },
        { "A zone alarms once until the next disarm.", "arm away, +60, open 2, close 2, open 2", [] },
        { "A second zone alarms too.", "arm away, +60, open 2, open 3", ["alarm.raised 132 Alarm: Alarm (interior): Zone 3 (hall motion) opened while partition 1 is armed away."] },
        { "Closing after an alarm restores the zone, not the alarm.", "arm away, +60, open 2, close 2", ["alarm.restored 131R Alarm: Zone 2 (kitchen window) is closed again; the alarm stays open until somebody disarms."] },
        { "Disarming in alarm cancels it.", "arm away, +60, open 2, disarm", ["alarm.cancelled 406 Disarmed: Ann cancelled the alarm of zone 2 (kitchen window) by disarming partition 1.", "partition.state 401 Disarmed: Ann disarmed partition 1."] },
        { "Stay ignores interior zones.", "arm stay, +60, open 3", [] },
        { "Stay watches windows.", "arm stay, +60, open 2", ["alarm.raised 131 Alarm: Alarm (perimeter): Zone 2 (kitchen window) opened while partition 1 is armed stay."] },
        { "Night arms without an exit delay.", "arm night", ["partition.state 441R Armed: Ann armed partition 1 night, without an exit delay."] },
        { "Smoke alarms while disarmed.", "open 4", ["alarm.raised 111 Disarmed: Alarm (smoke): Zone 4 (smoke) is watched day and night."] },
        { "Disarming a disarmed home with a smoke alarm cancels it.", "open 4, disarm", ["alarm.cancelled 406 Disarmed: Ann cancelled the alarm of zone 4 (smoke) by disarming partition 1."] },
        { "Doors and windows mean nothing while disarmed.", "open 1, open 2, open 3", [] },
        { "A bypassed zone is left out until the next disarm.", "bypass 2, arm away, +60, open 2", [] },
        { "The bypass ends with the disarm.", "bypass 2, arm away, +60, disarm", ["partition.state 570R Disarmed: Zone 2 (kitchen window) is watched again: its bypass ended with the disarm.", "partition.state 401 Disarmed: Ann disarmed partition 1."] },
        { "24-hour zones cannot be bypassed.", "bypass 4, arm away, open 4", ["alarm.raised 111 Alarm: Alarm (smoke): Zone 4 (smoke) is watched day and night."] },
        { "An open window keeps the home from being armed.", "open 2, arm away", ["refused: Zone 2 (kitchen window) is open. Close it or bypass it, then arm again."] },
        { "Arming again the same way changes nothing.", "arm away, +60, arm away", [] },
        { "Arm off is a disarm.", "arm away, +60, arm off", ["partition.state 401 Disarmed: Ann disarmed partition 1."] },
        { "An alarm must be disarmed before arming again.", "arm away, +60, open 2, arm stay", ["refused: Partition 1 is in alarm. Disarm it first."] },
        { "Disarming the disarmed changes nothing.", "disarm", [] },
        { "A sensor that repeats itself changes nothing.", "arm away, +60, open 1, open 1", [] },
        { "From away to stay means watching less, so it takes a disarm.", "arm away, +60, arm stay", ["refused: Partition 1 is armed away. Disarm it, then arm it stay."] },
        { "Also while people leave.", "arm away, +20, arm stay", ["refused: Partition 1 is armed away. Disarm it, then arm it stay."] },
        { "From stay to away means watching more, so it takes none, and there is no new exit delay.", "arm stay, +60, arm away", ["partition.state 401R Armed: Ann changed partition 1 from stay to away; it was armed before, so no exit delay begins."] },
        { "And interior zones count at once.", "arm stay, +60, arm away, open 3", ["alarm.raised 132 Alarm: Alarm (interior): Zone 3 (hall motion) opened while partition 1 is armed away."] },
        { "An exit delay that runs goes on.", "arm stay, +20, arm away", ["partition.state 401R ExitDelay: Ann changed partition 1 from stay to away; 40 s are left to leave through a delayed zone."] },
        { "And ends when it would have.", "arm stay, +20, arm away, +40", ["partition.state -R Armed: The exit delay of partition 1 ended: it is armed away."] },
        { "Night and stay watch the same.", "arm night, arm stay", ["partition.state 441R Armed: Ann changed partition 1 from night to stay; it was armed before, so no exit delay begins."] },
        { "What is open keeps an armed home from watching more.", "arm stay, +60, open 3, arm away", ["refused: Zone 3 (hall motion) is open. Close it, then arm again."] },
        { "Arming opens no hole in an armed home either.", "arm stay, +60, bypass 2, arm away", ["refused: Partition 1 is armed. Disarm it, then leave zone 2 (kitchen window) out."] },
        { "Nor in the mode that it has.", "arm away, bypass 2, arm away", ["refused: Partition 1 is armed. Disarm it, then leave zone 2 (kitchen window) out."] },
        { "What is left out already is no hole.", "bypass 2, arm stay, +60, bypass 2, arm stay", [] },
        { "Arming in another way does not stop the entry delay.", "arm away, +60, open 1, arm stay", ["refused: The entry delay of partition 1 runs. Disarm it first."] },
        { "Nor does arming the same way.", "arm away, +60, open 1, arm away", ["refused: The entry delay of partition 1 runs. Disarm it first."] },
        { "The alarm comes when it would have.", "arm away, +60, open 1, arm stay, +30", ["alarm.raised 134 Alarm: Alarm (entry/exit door): Zone 1 (front door) opened and nobody disarmed within 30 s."] },
        { "A zone is left out before arming, until the next disarm.", "out 2", ["partition.state 570 Disarmed: Zone 2 (kitchen window) is left out until the next disarm, by Ann."] },
        { "A zone that is left out does not keep the home from being armed.", "open 2, out 2, arm away", ["partition.state 401R ExitDelay: Ann armed partition 1 away: 60 s to leave through a delayed zone."] },
        { "A zone that is left out raises nothing.", "out 2, arm away, +60, open 2", [] },
        { "Leaving out once ends with the disarm.", "out 2, arm away, +60, disarm", ["partition.state 570R Disarmed: Zone 2 (kitchen window) is watched again: its bypass ended with the disarm.", "partition.state 401 Disarmed: Ann disarmed partition 1."] },
        { "Leaving out for good outlasts the disarm.", "keep 2, arm away, +60, disarm", ["partition.state 401 Disarmed: Ann disarmed partition 1."] },
        { "And the next arming.", "keep 2, arm away, +60, disarm, arm away, +60, open 2", [] },
        { "Until somebody takes it back.", "keep 2, arm away, +60, disarm, in 2", ["partition.state 570R Disarmed: Zone 2 (kitchen window) is watched again, by Ann."] },
        { "From once to for good.", "out 2, keep 2", ["partition.state 570 Disarmed: Zone 2 (kitchen window) is left out until somebody takes it back, by Ann."] },
        { "Leaving out twice changes nothing.", "out 2, out 2", [] },
        { "Nobody opens a hole in an armed home.", "arm away, +60, out 2", ["refused: Partition 1 is armed. Disarm it, then leave zone 2 (kitchen window) out."] },
        { "Watching again is possible while armed.", "out 2, arm away, +60, in 2", ["partition.state 570R Armed: Zone 2 (kitchen window) is watched again, by Ann."] },
        { "And it counts at once.", "out 2, arm away, +60, in 2, open 2", ["alarm.raised 131 Alarm: Alarm (perimeter): Zone 2 (kitchen window) opened while partition 1 is armed away."] },
        { "Smoke is never left out.", "out 4", ["refused: Zone 4 (smoke) is watched day and night; it cannot be left out."] },
        { "A zone that does not exist.", "out 99", ["refused: Zone 99 does not exist."] },
        { "A deadline that is not due does nothing.", "arm away, +59", [] },

        // What is watched day and night.
        { "Smoke that clears and comes back alarms again, although nobody disarmed.", "open 4, close 4, open 4", ["alarm.raised 111 Disarmed: Alarm (smoke): Zone 4 (smoke) is watched day and night."] },
        { "And is restored again.", "open 4, close 4, open 4, close 4", ["alarm.restored 111R Disarmed: Zone 4 (smoke) is closed again; the alarm stays open until somebody disarms."] },
        { "Two alarms of one zone are cancelled together.", "open 4, close 4, open 4, disarm", ["alarm.cancelled 406 Disarmed: Ann cancelled the alarm of zone 4 (smoke) by disarming partition 1."] },
        { "A second detector of the zone alarms too, while the first has not cleared.", "open 4, open 4", ["alarm.raised 111 Disarmed: Alarm (smoke): Zone 4 (smoke) is watched day and night."] },
        { "A second press of the panic button calls again, in an armed home too.", "arm away, +60, open 6, close 6, open 6", ["alarm.raised 123 Alarm: Alarm (audible panic): Zone 6 (panic button) is watched day and night."] },
        { "After a burglary smoke still alarms.", "arm away, +60, open 2, open 4, close 4, open 4", ["alarm.raised 111 Alarm: Alarm (smoke): Zone 4 (smoke) is watched day and night."] },

        // What is restored.
        { "An exit error is restored as one.", "arm away, open 1, +60, close 1", ["alarm.restored 374R Alarm: Zone 1 (front door) is closed again; the alarm stays open until somebody disarms."] },
        { "A window that swings is restored once.", "arm away, +60, open 2, close 2, open 2, close 2", [] },
        { "Every door left open is an exit error.", "arm away, open 1, open 5, +60", ["partition.state -R Armed: The exit delay of partition 1 ended: it is armed away.", "alarm.raised 374 Alarm: Alarm (exit error by zone): Zone 1 (front door) was still open when the exit delay ended.", "alarm.raised 374 Alarm: Alarm (exit error by zone): Zone 5 (back door) was still open when the exit delay ended."] },

        // Zones that are taken away.
        { "A zone that is taken away raises nothing.", "remove 2, arm away, +60, open 2", [] },
        { "Taking the front door's zone away does not stop its entry delay.", "arm away, +60, open 1, remove 1, +30", ["alarm.raised 140 Alarm: Alarm (general alarm): Zone 1 opened and nobody disarmed within 30 s; the zone has been taken away since."] },
        { "Disarming in time still raises nothing.", "arm away, +60, open 1, remove 1, disarm", ["entry.ended - Disarmed: Ann disarmed partition 1 within the entry delay; no alarm was raised.", "partition.state 401 Disarmed: Ann disarmed partition 1."] },
        { "The alarm of a zone that was taken away is cancelled like any other.", "arm away, +60, open 2, remove 2, disarm", ["alarm.cancelled 406 Disarmed: Ann cancelled the alarm of zone 2 by disarming partition 1.", "partition.state 401 Disarmed: Ann disarmed partition 1."] },

        // Two partitions.
        { "The garage is armed by itself.", "arm away 2, +60, open 2", [] },
        { "And alarms by itself.", "arm away 2, +60, open 8", ["alarm.raised 131 Alarm: Alarm (perimeter): Zone 8 (garage window) opened while partition 2 is armed away."] },
        { "Each partition has its own delay.", "arm away, +30, arm away 2, +30", ["partition.state -R Armed: The exit delay of partition 1 ended: it is armed away."] },
        { "Two delays may end together.", "arm away, arm stay 2, +60", ["partition.state -R Armed: The exit delay of partition 1 ended: it is armed away.", "partition.state -R Armed: The exit delay of partition 2 ended: it is armed stay."] },
        { "Disarming the garage leaves the house armed.", "arm away, arm away 2, +60, disarm 2, open 2", ["alarm.raised 131 Alarm: Alarm (perimeter): Zone 2 (kitchen window) opened while partition 1 is armed away."] },
        { "Its alarm is not cancelled by disarming the house.", "arm away, arm away 2, +60, open 8, disarm", ["partition.state 401 Disarmed: Ann disarmed partition 1."] },
        { "An open window in the house does not keep the garage from being armed.", "open 2, arm away 2", ["partition.state 401R ExitDelay: Ann armed partition 2 away: 60 s to leave through a delayed zone."] },
        // Delays of one arming.
        { "An arming may bring its own entry delay.", "entry 10, arm away, +60, open 1", ["entry.started - EntryDelay: Zone 1 (front door) opened while partition 1 is armed away: 10 s to disarm, then an alarm."] },
        { "The alarm names it.", "entry 10, arm away, +60, open 1, +10", ["alarm.raised 134 Alarm: Alarm (entry/exit door): Zone 1 (front door) opened and nobody disarmed within 10 s."] },
        { "It may be none at all.", "entry 0, arm away, +60, open 1", ["alarm.raised 134 Alarm: Alarm (entry/exit door): Zone 1 (front door) opened while partition 1 is armed away."] },
        { "It ends with the disarm.", "entry 10, arm away, +60, disarm, arm away, +60, open 1", ["entry.started - EntryDelay: Zone 1 (front door) opened while partition 1 is armed away: 30 s to disarm, then an alarm."] },
        { "It is known after a restart.", "entry 10, arm away, +60, restart 5, open 1", ["entry.started - EntryDelay: Zone 1 (front door) opened while partition 1 is armed away: 10 s to disarm, then an alarm."] },
        { "An armed home takes no other one.", "entry 10, arm stay, +60, entry 60, arm away, open 1", ["entry.started - EntryDelay: Zone 1 (front door) opened while partition 1 is armed away: 10 s to disarm, then an alarm."] },
        { "A delay of more than ten minutes is refused.", "entry 601, arm away", ["refused: A delay is at most 600 s."] },

        // How it came.
        { "From the portal it is a remote closing.", "as portal, arm away", ["partition.state 407R ExitDelay: Ann armed partition 1 away: 60 s to leave through a delayed zone."] },
        { "And a remote opening.", "arm away, +60, as portal, disarm", ["partition.state 407 Disarmed: Ann disarmed partition 1."] },
        { "A schedule closes automatically.", "as schedule, arm away", ["partition.state 403R ExitDelay: Ann armed partition 1 away: 60 s to leave through a delayed zone."] },
        { "And opens so.", "arm away, +60, as schedule, arm off", ["partition.state 403 Disarmed: Ann disarmed partition 1."] },
        { "That people are at home is told in the same way, wherever it comes from.", "as portal, arm stay", ["partition.state 441R ExitDelay: Ann armed partition 1 stay: 60 s to leave through a delayed zone."] },

        // Restarts of the gateway.
        { "A home that was armed is armed.", "arm away, +60, restart 5, open 2", ["alarm.raised 131 Alarm: Alarm (perimeter): Zone 2 (kitchen window) opened while partition 1 is armed away."] },
        { "And disarmed as it was.", "restart 5, open 2", [] },
        { "A restart of a quiet home says nothing.", "arm stay, +60, restart 5", [] },
        { "The exit delay goes on, less the time that the restart took.", "arm away, +10, restart 20", ["partition.state -R ExitDelay: The gateway was restarted; the exit delay of partition 1 goes on, 30 s are left."] },
        { "It ends when it would have.", "arm away, +10, restart 20, +30", ["partition.state -R Armed: The exit delay of partition 1 ended: it is armed away."] },
        { "Who leaves late starts no alarm.", "arm away, +10, restart 20, open 1", [] },
        { "An exit delay that ended meanwhile has ended.", "arm away, +10, restart 50", ["partition.state -R Armed: The exit delay of partition 1 ended while the gateway was restarted: it is armed away."] },
        { "The entry delay goes on.", "arm away, +60, open 1, +5, restart 10", ["partition.state -R EntryDelay: The gateway was restarted; the entry delay of partition 1 goes on: 15 s to disarm, then an alarm."] },
        { "And ends in the alarm.", "arm away, +60, open 1, +5, restart 10, +15", ["alarm.raised 134 Alarm: Alarm (entry/exit door): Zone 1 (front door) opened and nobody disarmed within 30 s."] },
        { "Unless somebody disarms.", "arm away, +60, open 1, +5, restart 10, disarm", ["entry.ended - Disarmed: Ann disarmed partition 1 within the entry delay; no alarm was raised.", "partition.state 401 Disarmed: Ann disarmed partition 1."] },
        { "The door that is still open says so again, and that changes nothing.", "arm away, +60, open 1, +5, restart 10, open 1", [] },
        { "Cutting the gateway's power in the entry delay does not save a burglar.", "arm away, +60, open 1, close 1, +5, restart 3600", ["alarm.raised 134 Alarm: Alarm (entry/exit door): Zone 1 (front door) opened and nobody disarmed within 30 s; the gateway was restarted meanwhile."] },
        { "Without a clock the entry delay begins again.", "arm away, +60, open 1, +5, restart blind", ["partition.state -R EntryDelay: The gateway was restarted and its clock does not say how long that took, so the entry delay of partition 1 begins again: 30 s to disarm, then an alarm."] },
        { "And ends in the alarm.", "arm away, +60, open 1, +5, restart blind, +30", ["alarm.raised 134 Alarm: Alarm (entry/exit door): Zone 1 (front door) opened and nobody disarmed within 30 s."] },
        { "But once only: restarts do not hold an alarm off.", "arm away, +60, open 1, restart blind, +5, restart blind", ["alarm.raised 134 Alarm: Alarm (entry/exit door): Zone 1 (front door) opened and nobody disarmed within 30 s; the gateway was restarted meanwhile."] },
        { "The next entry delay may begin again.", "arm away, +60, open 1, restart blind, disarm, arm away, +60, open 1, restart blind", ["partition.state -R EntryDelay: The gateway was restarted and its clock does not say how long that took, so the entry delay of partition 1 begins again: 30 s to disarm, then an alarm."] },
        { "A clock that was set back does not prolong it.", "arm away, +60, open 1, +5, restart -3600", ["partition.state -R EntryDelay: The gateway was restarted and its clock does not say how long that took, so the entry delay of partition 1 begins again: 30 s to disarm, then an alarm."] },
        { "Without a clock the exit delay begins again.", "arm away, +50, restart blind", ["partition.state -R ExitDelay: The gateway was restarted and its clock does not say how long that took, so the exit delay of partition 1 begins again: 60 s to leave through a delayed zone."] },
        { "But once only: restarts do not hold the arming off.", "arm away, +50, restart blind, restart blind", ["partition.state -R Armed: The exit delay of partition 1 ended while the gateway was restarted: it is armed away."] },
        { "An alarm stays open, and the disarm cancels it.", "arm away, +60, open 2, restart 5, disarm", ["alarm.cancelled 406 Disarmed: Ann cancelled the alarm of zone 2 (kitchen window) by disarming partition 1.", "partition.state 401 Disarmed: Ann disarmed partition 1."] },
        { "Its zone is not raised again.", "arm away, +60, open 2, restart 5, open 2", [] },
        { "And is restored with its code.", "arm away, open 1, +60, restart 5, close 1", ["alarm.restored 374R Alarm: Zone 1 (front door) is closed again; the alarm stays open until somebody disarms."] },
        { "Once.", "arm away, +60, open 2, close 2, restart 5, close 2", [] },
        { "A smoke alarm stays open in a disarmed home too.", "open 4, restart 5, disarm", ["alarm.cancelled 406 Disarmed: Ann cancelled the alarm of zone 4 (smoke) by disarming partition 1."] },
        { "Smoke that is there after a restart alarms again: nobody knows what was between.", "open 4, restart 5, open 4", ["alarm.raised 111 Disarmed: Alarm (smoke): Zone 4 (smoke) is watched day and night."] },
        { "Each partition goes on as it was.", "arm away, +60, arm away 2, +10, open 2, restart 20", ["partition.state -R ExitDelay: The gateway was restarted; the exit delay of partition 2 goes on, 30 s are left."] },
        { "A zone that is left out stays left out.", "keep 2, arm away, +60, restart 5, open 2", [] },
        { "A partition that does not exist.", "arm away 3", ["refused: Partition 3 does not exist."] },
    };

    [Theory]
    [MemberData(nameof(Manual))]
    public void The_manual(string rule, string steps, string[] said)
    {
        Assert.EndsWith(".", rule, StringComparison.Ordinal);
        Assert.Equal(said, Tell(steps));
    }

    [Theory]
    [InlineData("", 1, "Nothing: partition 1 is disarmed and zone 1 (front door) is not watched day and night.")]
    [InlineData("arm away, +60", 1, "Zone 1 (front door) opened while partition 1 is armed away: 30 s to disarm, then an alarm.")]
    [InlineData("arm away", 1, "Nothing: the exit delay of partition 1 still runs.")]
    [InlineData("arm stay, +60", 3, "Nothing: zone 3 (hall motion) is not watched while partition 1 is armed stay.")]
    [InlineData("bypass 2, arm away, +60", 2, "Nothing: zone 2 (kitchen window) is bypassed until the next disarm.")]
    [InlineData("arm away, +60, open 1", 5, "Nothing new: the entry delay of partition 1 already runs.")]
    [InlineData("", 4, "Alarm (smoke): Zone 4 (smoke) is watched day and night.")]
    [InlineData("open 4, close 4", 4, "Alarm (smoke): Zone 4 (smoke) is watched day and night.")]
    [InlineData("arm away, +60, open 2, close 2", 2, "Nothing new: zone 2 (kitchen window) raised an alarm before, and a zone alarms once until the next disarm.")]
    [InlineData("", 99, "Zone 99 does not exist.")]
    public void What_if_answers_without_changing_anything(string steps, ushort zone, string answer)
    {
        var (panel, now, _) = Run(steps);
        var before = panel.Snapshot()[0];
        Assert.Equal(answer, panel.WhatIf(zone, now));
        var after = panel.Snapshot()[0];
        Assert.Equal((before.State, before.Until, string.Join(',', before.Open), string.Join(',', before.AlarmZones)), (after.State, after.Until, string.Join(',', after.Open), string.Join(',', after.AlarmZones)));
    }

    [Theory]
    [InlineData("", 1, ArmMode.Away, "Zone 1 (front door) opened while partition 1 is armed away: 30 s to disarm, then an alarm.")]
    [InlineData("", 2, ArmMode.Stay, "Alarm (perimeter): Zone 2 (kitchen window) opened while partition 1 is armed stay.")]
    [InlineData("", 3, ArmMode.Night, "Nothing: zone 3 (hall motion) is not watched while partition 1 is armed night.")]
    [InlineData("keep 2", 2, ArmMode.Away, "Nothing: zone 2 (kitchen window) is bypassed until somebody takes it back.")]
    [InlineData("arm away, +60, open 2", 3, ArmMode.Off, "Nothing: partition 1 is disarmed and zone 3 (hall motion) is not watched day and night.")]
    [InlineData("arm away, +60, open 2", 2, ArmMode.Away, "Alarm (perimeter): Zone 2 (kitchen window) opened while partition 1 is armed away.")]
    [InlineData("arm stay", 1, ArmMode.Away, "Zone 1 (front door) opened while partition 1 is armed away: 30 s to disarm, then an alarm.")]
    public void What_if_answers_for_every_way_of_arming(string steps, ushort zone, ArmMode armed, string answer)
    {
        var (panel, now, _) = Run(steps);
        var before = panel.Snapshot()[0];
        Assert.Equal(answer, panel.WhatIf(zone, now, armed));
        var after = panel.Snapshot()[0];
        Assert.Equal((before.State, before.Mode, before.Until, string.Join(',', before.Open), string.Join(',', before.AlarmZones)), (after.State, after.Mode, after.Until, string.Join(',', after.Open), string.Join(',', after.AlarmZones)));
    }

    [Fact]
    public void Every_code_of_the_panel_stands_in_the_table()
    {
        foreach (var code in (string[])["134", "131", "132", "111", "140", "374", "401", "403", "407", "441", "406", "570"])
        {
            Assert.NotNull(ContactId.Find(code));
        }

        Assert.Equal(136, ContactId.All.Count);
        Assert.Equal(("BA", "BR", false, 1), (ContactId.Find("130")!.Sia, ContactId.Find("130")!.SiaRestore, ContactId.Find("130")!.NamesUser, ContactId.Find("130")!.Priority));
    }

    /// <summary>Runs the steps; what the last of them said.</summary>
    private static string[] Tell(string steps) => Run(steps).Said;

    private static (AlarmPanel Panel, TimeSpan Now, string[] Said) Run(string steps)
    {
        var panel = new AlarmPanel(s_zones);
        var now = TimeSpan.FromHours(1);
        var bypass = new List<ushort>();
        var origin = ArmOrigin.Keypad;
        TimeSpan? entry = null;
        string[] said = [];
        foreach (var step in steps.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var words = step.Split(' ');
            var transitions = new List<AlarmTransition>();
            string? refusal = null;
            byte Partition(int word) => words.Length > word ? byte.Parse(words[word]) : (byte)1;
            switch (words[0])
            {
                case "arm":
                    panel.HandleArm(Partition(2), new ArmRequest(Enum.Parse<ArmMode>(words[1], ignoreCase: true), "Ann", TimeSpan.FromSeconds(60)) { Origin = origin, EntryDelay = entry, Bypass = bypass }, now, transitions, out refusal);
                    bypass.Clear();
                    entry = null;
                    break;
                case "disarm":
                    panel.HandleDisarm(Partition(1), "Ann", origin, transitions);
                    break;
                case "entry":
                    entry = TimeSpan.FromSeconds(int.Parse(words[1]));
                    break;
                case "as":
                    origin = words[1] == "portal" ? ArmOrigin.Remote : ArmOrigin.Automatic;
                    break;
                case "restart":
                    (panel, now) = Restart(panel, now, words[1] == "blind" ? null : TimeSpan.FromSeconds(int.Parse(words[1])), transitions);
                    break;
                case "remove":
                    panel.RemoveZone(ushort.Parse(words[1]));
                    break;
                case "bypass":
                    bypass.Add(ushort.Parse(words[1]));
                    break;
                case "out" or "keep" or "in":
                    panel.HandleBypass(ushort.Parse(words[1]), words[0] == "out" ? BypassMode.Once : words[0] == "keep" ? BypassMode.Always : BypassMode.Off, "Ann", transitions, out refusal);
                    break;
                case "open" or "close":
                    panel.HandleZone(ushort.Parse(words[1]), words[0] == "open", now, transitions);
                    break;
                default:
                    now += TimeSpan.FromSeconds(int.Parse(step[1..]));
                    panel.HandleDeadline(now, transitions);
                    break;
            }

            said = refusal is null
                ? [.. transitions.Select(t => $"{t.Kind} {t.Code ?? "-"}{(t.IsRestore ? "R" : "")} {t.State}: {t.Words}")]
                : [$"refused: {refusal}"];
        }

        return (panel, now, said);
    }

    /// <summary>Another panel that knows what the first one remembers. Its monotonic time is another one too.</summary>
    private static (AlarmPanel Panel, TimeSpan Now) Restart(AlarmPanel old, TimeSpan before, TimeSpan? away, List<AlarmTransition> transitions)
    {
        var panel = new AlarmPanel(s_zones);
        var now = TimeSpan.FromMinutes(1);
        foreach (var zone in s_zones)
        {
            panel.RestoreBypass(zone.Number, old.Bypass(zone.Number));
        }

        foreach (var view in old.Snapshot())
        {
            Assert.True(PartitionMemory.TryRead(old.Remember(view.Number, before).Write(null), out var memory, out _));
            panel.Recall(view.Number, memory, now);
            panel.Resume(view.Number, view.Until - before - away, now, transitions);
        }

        return (panel, now);
    }
}
