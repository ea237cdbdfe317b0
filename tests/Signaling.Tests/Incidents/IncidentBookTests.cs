using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Incidents;

namespace MediaRelay.Signaling.Tests.Incidents;

/// <summary>Alarm, look-in, gate, delivery and receipts are one record.</summary>
public sealed class IncidentBookTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 8, 0, 0, TimeSpan.Zero);
    private static readonly Actor Olga = new("olga", "Olga", ActorRole.CentralStationOperator);
    private static readonly Actor Otto = new("otto", "Otto", ActorRole.CentralStationOperator);
    private static readonly Actor Sue = new("sue", "Sue", ActorRole.CentralStationSupervisor);
    private readonly IncidentBook _book = new("h1", []);

    [Fact]
    public void An_alarm_opens_an_incident_with_its_meaning_and_priority()
    {
        var incident = Raise("e1", "130", 3)!;
        Assert.Equal(("inc-h1-e1", "burglary, zone 3 (hall)", 1, IncidentState.Open, 1), (incident.Id, incident.Title, incident.Priority, incident.State, incident.Level));
        Assert.Equal("Alarm: burglary, zone 3 (hall).", Assert.Single(incident.Entries).Text);
    }

    [Fact]
    public void A_second_zone_joins_the_incident_and_raises_the_suggested_level()
    {
        Raise("e1", "130", 3);
        var incident = Raise("e2", "130", 4, 40)!;
        Assert.Equal("inc-h1-e1", incident.Id);
        Assert.Equal([3, 4], incident.Zones.Select(z => (int)z));
        Assert.Equal((2, Now.AddSeconds(40)), (incident.Level, incident.LastSignal));
        Assert.Single(_book.Open);
    }

    [Fact]
    public void A_repeated_event_changes_nothing()
    {
        Raise("e1", "130", 3);
        Assert.Null(Raise("e1", "130", 3));
        Assert.Null(new IncidentBook("h1", _book.Open).HandleEvent(Event("e1", SmaEventKinds.AlarmRaised, "130", 3, 0), true, "hall"));
    }

    [Fact]
    public void An_alarm_of_another_partition_is_another_incident()
    {
        Raise("e1", "130", 3);
        _book.HandleEvent(Event("e2", SmaEventKinds.AlarmRaised, "111", 9, 0) with { Partition = 2 }, false, null);
        Assert.Equal(2, _book.Open.Count);
    }

    [Fact]
    public void A_cancelled_incident_takes_its_own_disarm_and_nothing_of_the_next_story()
    {
        Raise("e1", "130", 3);
        _book.HandleEvent(Event("e2", SmaEventKinds.AlarmCancelled, "406", null, 20), true, null);
        Assert.NotNull(_book.HandleEvent(Event("e3", SmaEventKinds.PartitionState, "401", null, 21), true, null));
        Assert.Null(_book.HandleEvent(Event("e4", SmaEventKinds.PartitionState, "401", null, 51), true, null));
        Assert.Equal("inc-h1-e5", Raise("e5", "130", 3, 60)!.Id);
        var second = _book.HandleEvent(Event("e6", SmaEventKinds.AlarmCancelled, "406", null, 70), true, null)!;
        Assert.Equal("inc-h1-e5", second.Id);
        Assert.Null(_book.HandleEvent(Event("e7", SmaEventKinds.AlarmCancelled, "406", null, 75), true, null));
        Assert.Single(_book.Open.Single(i => i.Id == "inc-h1-e1").Entries, e => e.Text.Contains("cancelled", StringComparison.Ordinal));
    }

    [Fact]
    public void Cancelling_ends_the_right_to_look_in_but_leaves_the_incident_in_the_queue()
    {
        Raise("e1", "130", 3);
        var incident = _book.HandleEvent(Event("e2", SmaEventKinds.AlarmCancelled, "406", null, 20), true, null)!;
        Assert.False(incident.OpensHome);
        Assert.Equal((IncidentState.Open, 0), (incident.State, incident.Level));
        Assert.Equal("inc-h1-e3", Raise("e3", "130", 3, 60)!.Id);
    }

    [Fact]
    public void A_more_urgent_alarm_gives_the_incident_its_code_and_title()
    {
        Raise("e1", "154", 7);
        var incident = Raise("e2", "111", 9, 40)!;
        Assert.Equal(("inc-h1-e1", "111", "smoke, zone 9 (hall)", 1), (incident.Id, incident.Code, incident.Title, incident.Priority));
        Assert.Equal("111", Raise("e3", "154", 7, 50)!.Code);
    }

    [Fact]
    public void An_alarm_an_hour_after_the_last_is_an_incident_of_its_own()
    {
        Raise("e1", "130", 3);
        Assert.Equal("inc-h1-e1", Raise("e2", "130", 4, 3600)!.Id);
        Assert.Equal("inc-h1-e3", Raise("e3", "130", 4, 7201)!.Id);
    }

    [Fact]
    public void A_call_for_help_by_duress_code_is_apart_from_what_the_home_sees_and_no_code_cancels_it()
    {
        Raise("e1", "130", 3);
        var help = _book.HandleEvent(Event("e2", SmaEventKinds.AlarmRaised, "121", null, 10), false, null)!;
        Assert.Equal(("inc-h1-e2", true), (help.Id, help.IsSilent));
        Assert.Equal("inc-h1-e1", _book.HandleEvent(Event("e3", SmaEventKinds.AlarmCancelled, "406", null, 11), false, null)!.Id);
        Assert.Null(_book.HandleEvent(Event("e4", SmaEventKinds.AlarmCancelled, "406", null, 60), false, null));
        Assert.Equal("inc-h1-e5", Raise("e5", "130", 3, 70)!.Id);
        Assert.Equal("inc-h1-e2", _book.HandleEvent(Event("e6", SmaEventKinds.AlarmRaised, "121", null, 80), false, null)!.Id);
        _book.Claim(help.Id, Olga, null, Now);
        Assert.False(_book.Close(help.Id, Olga, Disposition.Dispatched, null, null, Now).Incident!.IsSilent);
    }

    [Fact]
    public void An_incident_holds_a_thousand_events_and_everything_people_do()
    {
        var id = Raise("e0", "130", 3)!.Id;
        for (var i = 1; i < 1500; i++)
        {
            Raise($"e{i}", "130", 3, i);
        }

        Assert.Equal((1001, "More events came than an incident holds; the others stand in the timeline of the home."), (_book.Open[0].Entries.Count, _book.Open[0].Entries[^1].Text));
        Assert.Equal(Now.AddSeconds(1499), _book.Open[0].LastSignal);
        Assert.Equal(1002, _book.Add(id, new(Now, IncidentEntryKind.Note, "olga", "a cat"))!.Entries.Count);
    }

    [Fact]
    public void Event_ids_are_told_apart_by_their_gateway()
    {
        var sma = Event("e1", SmaEventKinds.AlarmRaised, "130", 3, 0);
        Assert.Equal("inc-gw-1~e1", _book.HandleEvent(sma, true, "hall", Now, "gw-1")!.Id);
        Assert.NotNull(_book.HandleEvent(sma, true, "hall", Now, "gw-2"));
        Assert.Null(new IncidentBook("h1", _book.Open).HandleEvent(sma, true, "hall", Now, "gw-2"));
        Assert.Equal(2, _book.Open[0].Entries.Count);
    }

    [Fact]
    public void A_clip_that_found_no_room_is_no_line_of_the_record()
    {
        Raise("e1", "130", 3);
        Assert.Null(_book.HandleEvent(Event("e2", SmaEventKinds.ClipStored, "130", null, 1) with { Body = new MediaRelay.Signaling.Contract.ClipBody { Id = "c", Type = "video/mp4", Size = 0 } }, true, null));
    }

    [Fact]
    public void The_queue_is_sorted_by_priority_then_age()
    {
        _book.HandleEvent(Event("e1", SmaEventKinds.AlarmRaised, "154", 1, 0) with { Partition = 3 }, false, null);
        _book.HandleEvent(Event("e2", SmaEventKinds.AlarmRaised, "130", 2, 10) with { Partition = 1 }, false, null);
        _book.HandleEvent(Event("e3", SmaEventKinds.AlarmRaised, "111", 3, 20) with { Partition = 2 }, false, null);
        Assert.Equal(["inc-h1-e2", "inc-h1-e3", "inc-h1-e1"], _book.Open.Select(i => i.Id));
    }

    [Fact]
    public void Claiming_is_exclusive_and_a_supervisor_may_take_over_with_a_reason()
    {
        var id = Raise("e1", "130", 3)!.Id;
        Assert.Equal("olga", _book.Claim(id, Olga, null, Now).Incident!.ClaimedBy);
        Assert.Equal("olga works this incident. A supervisor may take it over with a reason.", _book.Claim(id, Otto, "mine", Now).Refusal);
        Assert.Equal("olga works this incident. A supervisor may take it over with a reason.", _book.Claim(id, Sue, null, Now).Refusal);
        Assert.Equal("Sue took the incident over from olga: shift ends", _book.Claim(id, Sue, "shift ends", Now).Incident!.Entries[^1].Text);
    }

    [Fact]
    public void Only_the_claimant_closes_and_a_closed_incident_takes_nothing_more()
    {
        var id = Raise("e1", "130", 3)!.Id;
        Assert.Equal("Claim the incident before closing it.", _book.Close(id, Olga, Disposition.FalseAlarm, null, null, Now).Refusal);
        _book.Claim(id, Olga, null, Now);
        var closed = _book.Close(id, Olga, Disposition.Dispatched, null, "police on the way", Now.AddMinutes(3)).Incident!;
        Assert.Equal((IncidentState.Closed, Disposition.Dispatched, 2), (closed.State, closed.Disposition, closed.Level));
        Assert.Equal("Olga closed the incident: dispatched, police on the way.", closed.Entries[^1].Text);
        Assert.Null(_book.Add(id, new(Now, IncidentEntryKind.Note, "olga", "late")));
        Assert.Empty(_book.Open);
    }

    [Fact]
    public void Look_ins_gates_deliveries_and_receipts_stand_in_the_same_record()
    {
        var id = Raise("e1", "130", 3)!.Id;
        foreach (var kind in (IncidentEntryKind[])[IncidentEntryKind.LookIn, IncidentEntryKind.Gate, IncidentEntryKind.Delivery, IncidentEntryKind.Receipt, IncidentEntryKind.Call, IncidentEntryKind.Note])
        {
            _book.Add(id, new(Now, kind, "olga", $"{kind}.", "s-1"));
        }

        Assert.Equal(7, _book.Open[0].Entries.Count);
    }

    [Fact]
    public void Extending_needs_a_reason_and_ends_within_the_hour()
    {
        var id = Raise("e1", "130", 3)!.Id;
        Assert.Equal("Give a reason and an end within the next hour.", _book.Extend(id, Sue, Now.AddMinutes(30), "", Now).Refusal);
        Assert.Equal("Give a reason and an end within the next hour.", _book.Extend(id, Sue, Now.AddHours(2), "search", Now).Refusal);
        Assert.Equal("Sue extended the look-in window to 08:30:00 UTC: search", _book.Extend(id, Sue, Now.AddMinutes(30), "search", Now).Incident!.Entries[^1].Text);
    }

    private Incident? Raise(string id, string code, ushort zone, int seconds = 0) =>
        _book.HandleEvent(Event(id, SmaEventKinds.AlarmRaised, code, zone, seconds), armedAway: true, "hall");

    private static SmaEvent Event(string id, string kind, string code, ushort? zone, int seconds) => new()
    {
        Id = id, Seq = 1, Time = Now.AddSeconds(seconds), Kind = kind, Code = code, Zone = zone, Partition = 1, Priority = EventPriority.Alarm,
    };
}
