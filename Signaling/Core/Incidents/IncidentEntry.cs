namespace MediaRelay.Signaling.Incidents;

/// <summary>One line of an incident: what happened, when, by whom.</summary>
/// <param name="At">When it happened.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="Actor">Who did it: a person, a gateway, a station or this server.</param>
/// <param name="Text">One sentence.</param>
/// <param name="Reference">The event, session, gate, delivery or clip it speaks of.</param>
/// <param name="Gateway">The gateway whose event it is; event ids are unique only within their gateway.</param>
public sealed record IncidentEntry(DateTimeOffset At, IncidentEntryKind Kind, string Actor, string Text, string? Reference = null, string? Gateway = null);
