using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Alarms;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>
/// Calls for help by duress code, and what would tell of them. Until the station has closed one, nothing that came of it is shown in the home: who forced
/// the code may be reading the same screen.
/// </summary>
public sealed class SilentAlarms(HomeRecords homes)
{
    /// <summary>Who may know: the stations and the network operator. An installer stands in the home as its people do.</summary>
    public static bool MayKnow(ActorRole role) => role is ActorRole.CentralStationOperator or ActorRole.CentralStationSupervisor or ActorRole.MsoOperator;

    /// <summary>Since when a call for help of the home is open; null when none is.</summary>
    public DateTimeOffset? Since(string home) => homes.Incidents(home, open: true).Where(i => i.IsSilent).Select(i => (DateTimeOffset?)i.Opened).Min();

    /// <summary>Whether a look-in would tell the home: one of the station while a call for help is open, also one that rests on something else.</summary>
    public bool Hides(LookInEntry entry) => MayKnow(entry.Role) && Since(entry.Home) is { } since && !(entry.To < since);

    /// <summary>Whether the event would tell the home of a call for help that is open since then: the call itself, and what a look-in or a clip leaves behind.</summary>
    public static bool Tells(StoredEvent stored, DateTimeOffset? since) => stored.Event.Code == ContactId.Duress
        || (stored.Received >= since && (stored.Event.Body is MediaBody or ClipBody or LookInBody || stored.Event.Kind == SmaEventKinds.InstructionResult));
}
