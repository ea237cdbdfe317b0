using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Alarms;

namespace MediaRelay.Signaling.Incidents;

/// <summary>
/// One incident: an alarm and all that followed from it, in one record with times: events, look-ins, gates, deliveries, receipts, calls and notes.
/// </summary>
public sealed record Incident
{
    /// <summary>Identifier, unique in the system and derived from the first alarm event, so that a repeated event opens nothing new.</summary>
    public required string Id { get; init; }

    /// <summary>The home.</summary>
    public required string Home { get; init; }

    /// <summary>When the first alarm was raised, by the gateway's clock, but never after it came in.</summary>
    public required DateTimeOffset Opened { get; init; }

    /// <summary>Contact ID code of the most urgent alarm.</summary>
    public required string Code { get; init; }

    /// <summary>1 is the most urgent, 5 the least.</summary>
    public required int Priority { get; init; }

    /// <summary>In words, e.g. "burglary, zone 3 (front door)".</summary>
    public required string Title { get; init; }

    /// <summary>Alarm partition, when the first alarm named one.</summary>
    public byte? Partition { get; init; }

    /// <summary>Zones that alarmed, in order.</summary>
    public IReadOnlyList<ushort> Zones { get; init; } = [];

    /// <summary>True when the home was armed away as the alarm was raised.</summary>
    public bool WhileAway { get; init; }

    /// <summary>When the last alarm signal came in, by this server's clock; the look-in window runs from here.</summary>
    public required DateTimeOffset LastSignal { get; init; }

    /// <summary>When the home cancelled it with the right code; look-ins end then.</summary>
    public DateTimeOffset? Cancelled { get; init; }

    /// <summary>Where it stands in the queue.</summary>
    public IncidentState State { get; init; }

    /// <summary>Id of the operator who works it.</summary>
    public string? ClaimedBy { get; init; }

    /// <summary>End of the look-in window when a supervisor extended it.</summary>
    public DateTimeOffset? WindowExtendedUntil { get; init; }

    /// <summary>How it ended.</summary>
    public Disposition? Disposition { get; init; }

    /// <summary>Level 0 to 4 of ANSI/TMA AVS-01: suggested by the facts until an operator confirms one.</summary>
    public int Level { get; init; } = 1;

    /// <summary>When it was closed.</summary>
    public DateTimeOffset? Closed { get; init; }

    /// <summary>Everything that happened, in the order of arrival.</summary>
    public IReadOnlyList<IncidentEntry> Entries { get; init; } = [];

    /// <summary>True while operators may look in because of it (the window is judged by the access policy).</summary>
    public bool OpensHome => State != IncidentState.Closed && Cancelled is null;

    /// <summary>True while the home must not learn of it: a call for help by duress code that the station has not closed.</summary>
    public bool IsSilent => Code == ContactId.Duress && State != IncidentState.Closed;

    /// <summary>When the look-in window ends: some time after the last signal, or later when a supervisor extended it.</summary>
    public DateTimeOffset EndOfWindow()
    {
        var end = LastSignal + AccessPolicy.LookInWindow;
        return WindowExtendedUntil is { } extended && extended > end ? extended : end;
    }
}
