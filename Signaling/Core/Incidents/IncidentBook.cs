using System.Globalization;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Alarms;
using MediaRelay.Signaling.Events;

namespace MediaRelay.Signaling.Incidents;

/// <summary>
/// The incidents of one home that are not closed yet. Events and what people do go in; changed incidents come out, to be stored before
/// anybody is told. Repeating an input changes nothing.
/// </summary>
/// <remarks>
/// An alarm joins the open incident of its partition when that had a signal within the hour; otherwise it opens one. A call for help by duress code is
/// always an incident of its own, because the home sees its other incidents. Cancelling ends the look-in right but leaves the incident to be closed.
/// </remarks>
public sealed class IncidentBook
{
    /// <summary>How long after its cancellation an incident still takes events, e.g. the disarm that cancelled it and the zone that closes.</summary>
    private static readonly TimeSpan s_afterCancel = TimeSpan.FromSeconds(30);

    /// <summary>How long after its last signal an incident takes further alarms; a later one is news.</summary>
    private static readonly TimeSpan s_joins = TimeSpan.FromHours(1);

    /// <summary>Lines of an incident after which events, gates and clips are left to the timeline. What people do is always written.</summary>
    private const int MaxLines = 1000;

    private const string Further = "More events came than an incident holds; the others stand in the timeline of the home.";

    private readonly Dictionary<string, Incident> _open = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly string _home;

    /// <summary>Starts with the incidents that storage holds as not closed.</summary>
    public IncidentBook(string home, IEnumerable<Incident> open)
    {
        _home = home;
        foreach (var incident in open)
        {
            _open[incident.Id] = incident;
            _seen.UnionWith(Seen(incident));
        }
    }

    /// <summary>Incidents that are not closed, most urgent first, then oldest.</summary>
    public IReadOnlyList<Incident> Open => [.. _open.Values.OrderBy(i => i.Priority).ThenBy(i => i.Opened)];

    /// <summary>Since when a call for help by duress code is open; null when none is.</summary>
    public DateTimeOffset? SilentSince => _open.Values.Where(i => i.IsSilent).Select(i => (DateTimeOffset?)i.Opened).Min();

    /// <summary>Takes one stored event of the home. <paramref name="zoneName"/> names the event's zone for people.</summary>
    /// <param name="sma">The event.</param>
    /// <param name="armedAway">True when the home was armed away.</param>
    /// <param name="zoneName">The zone's name.</param>
    /// <param name="received">When it came in; without it, at its own time. What the home's clock says is believed only as far as that allows.</param>
    /// <param name="gateway">The gateway it is from.</param>
    /// <returns>The incident that changed, or null when the event concerns none.</returns>
    public Incident? HandleEvent(SmaEvent sma, bool armedAway, string? zoneName, DateTimeOffset? received = null, string gateway = "")
    {
        if (_seen.Contains(Key(gateway, sma.Id)))
        {
            return null;
        }

        var came = received ?? sma.Time;
        sma = sma with { Time = sma.HappenedAt(came) };
        var changed = sma.Kind switch
        {
            SmaEventKinds.AlarmRaised => Raise(sma, armedAway, zoneName, came, gateway),
            // The code that cancels the other alarms is the one that called for help.
            SmaEventKinds.AlarmCancelled => Latest(sma, isSilent: false) is { Cancelled: null } i
                ? Append(i with { Cancelled = sma.Time, Level = 0 }, Line(sma, IncidentEntryKind.Alarm, "The home cancelled the alarm with the right code.", gateway)) : null,
            SmaEventKinds.AlarmRestored => Latest(sma, isSilent: false) is { } i ? Append(i, Line(sma, IncidentEntryKind.Alarm, $"Zone {Zone(sma, zoneName)} is closed again.", gateway)) : null,
            // A still picture that a page asked for is no part of the record, and an empty clip is one that found no room.
            SmaEventKinds.ClipStored when sma.Body is not (Contract.ClipBody { Type: "image/jpeg" } or Contract.ClipBody { Size: 0 }) => Latest(sma) is { } i ? Append(i, Line(sma, IncidentEntryKind.Clip, "A clip was stored.", gateway)) : null,
            SmaEventKinds.GatewayLost or SmaEventKinds.GatewayBack or SmaEventKinds.EntryStarted or SmaEventKinds.EntryEnded or SmaEventKinds.PartitionState
                or SmaEventKinds.PowerLost or SmaEventKinds.PowerBack or SmaEventKinds.PathChanged or SmaEventKinds.DirectiveFired
                => Latest(sma) is { } i ? Append(i, Line(sma, IncidentEntryKind.Event, Sentence(sma, zoneName), gateway)) : null,
            _ => null,
        };
        // What is not written cannot be written twice.
        if (changed is { Entries.Count: <= MaxLines })
        {
            _seen.Add(Key(gateway, sma.Id));
        }

        return changed;
    }

    /// <summary>Adds a line: a look-in, a gate, a delivery, a receipt, a call, a note. Null when the incident is closed or unknown.</summary>
    public Incident? Add(string incident, IncidentEntry entry) => _open.TryGetValue(incident, out var found) ? Append(found, entry) : null;

    /// <summary>Gives the incident to an operator. Taking it from another needs a supervisor and a reason.</summary>
    public IncidentResult Claim(string incident, Actor actor, string? reason, DateTimeOffset utcNow)
    {
        if (!_open.TryGetValue(incident, out var found))
        {
            return new(null, "The incident is closed or does not exist.");
        }

        if (found.ClaimedBy == actor.Id)
        {
            return new(found, null);
        }

        if (found.ClaimedBy is { } holder)
        {
            if (actor.Role != ActorRole.CentralStationSupervisor || string.IsNullOrWhiteSpace(reason))
            {
                return new(null, $"{holder} works this incident. A supervisor may take it over with a reason.");
            }

            return new(Append(found with { ClaimedBy = actor.Id }, Status(utcNow, actor, $"{actor.Name} took the incident over from {holder}: {reason}")), null);
        }

        return new(Append(found with { State = IncidentState.Claimed, ClaimedBy = actor.Id }, Status(utcNow, actor, $"{actor.Name} claimed the incident.")), null);
    }

    /// <summary>Lets operators look in until <paramref name="until"/>; the reason is shown to the home owner.</summary>
    public IncidentResult Extend(string incident, Actor supervisor, DateTimeOffset until, string reason, DateTimeOffset utcNow)
    {
        if (!_open.TryGetValue(incident, out var found))
        {
            return new(null, "The incident is closed or does not exist.");
        }

        if (string.IsNullOrWhiteSpace(reason) || until <= utcNow || until > utcNow + TimeSpan.FromHours(1))
        {
            return new(null, "Give a reason and an end within the next hour.");
        }

        return new(Append(found with { WindowExtendedUntil = until }, Status(utcNow, supervisor, string.Create(CultureInfo.InvariantCulture, $"{supervisor.Name} extended the look-in window to {until:HH:mm:ss} UTC: {reason}"))), null);
    }

    /// <summary>Closes the incident; only who works it may.</summary>
    public IncidentResult Close(string incident, Actor actor, Disposition disposition, int? level, string? note, DateTimeOffset utcNow)
    {
        if (!_open.TryGetValue(incident, out var found))
        {
            return new(null, "The incident is closed or does not exist.");
        }

        if (found.ClaimedBy != actor.Id)
        {
            return new(null, "Claim the incident before closing it.");
        }

        if (level is < 0 or > 4)
        {
            return new(null, "The level is 0 to 4.");
        }

        var text = $"{actor.Name} closed the incident: {Words(disposition)}{(string.IsNullOrWhiteSpace(note) ? "" : $", {note}")}.";
        var closed = Append(
            found with { State = IncidentState.Closed, Disposition = disposition, Closed = utcNow, Level = level ?? (disposition is Incidents.Disposition.Dispatched or Incidents.Disposition.Verified ? Math.Max(found.Level, 2) : 0) },
            Status(utcNow, actor, text));
        _open.Remove(incident);
        _seen.ExceptWith(Seen(closed));
        return new(closed, null);
    }

    private Incident Raise(SmaEvent sma, bool armedAway, string? zoneName, DateTimeOffset came, string gateway)
    {
        var code = sma.Code ?? "140";
        var row = ContactId.Find(code);
        var meaning = row?.Meaning ?? "alarm";
        var priority = row?.Priority ?? 1;
        var line = Line(sma, IncidentEntryKind.Alarm, sma.Zone is null ? $"Alarm: {meaning}." : $"Alarm: {meaning}, zone {Zone(sma, zoneName)}.", gateway);
        var title = sma.Zone is null ? meaning : $"{meaning}, zone {Zone(sma, zoneName)}";
        var joined = _open.Values.FirstOrDefault(i => i.Partition == sma.Partition && i.Cancelled is null && i.IsSilent == (code == ContactId.Duress) && came - i.LastSignal <= s_joins);
        if (joined is not null)
        {
            var zones = sma.Zone is { } z && !joined.Zones.Contains(z) ? [.. joined.Zones, z] : joined.Zones;
            return Append(
                joined with
                {
                    LastSignal = Later(joined.LastSignal, came),
                    Zones = zones,
                    Code = priority < joined.Priority ? code : joined.Code,
                    Title = priority < joined.Priority ? title : joined.Title,
                    Priority = Math.Min(joined.Priority, priority),
                    WhileAway = joined.WhileAway || armedAway,
                    // A second zone makes a person in the home highly probable.
                    Level = zones.Count > 1 ? Math.Max(joined.Level, 2) : joined.Level,
                },
                line);
        }

        return Append(
            new()
            {
                // No id contains "~", so two gateways of a home, or a new one in its place, never make the same.
                Id = gateway.Length == 0 ? $"inc-{_home}-{sma.Id}" : $"inc-{gateway}~{sma.Id}",
                Home = _home,
                Opened = sma.Time < came ? sma.Time : came,
                Code = code,
                Priority = priority,
                Title = title,
                Partition = sma.Partition,
                Zones = sma.Zone is { } zone ? [zone] : [],
                WhileAway = armedAway,
                LastSignal = came,
            },
            line);
    }

    private Incident Append(Incident incident, IncidentEntry entry)
    {
        if (incident.Entries.Count >= MaxLines && entry.Kind is IncidentEntryKind.Alarm or IncidentEntryKind.Event or IncidentEntryKind.Clip or IncidentEntryKind.Gate)
        {
            if (incident.Entries.Any(e => e.Text == Further))
            {
                return _open[incident.Id] = incident;
            }

            entry = entry with { Text = Further, Reference = null, Gateway = null };
        }

        return _open[incident.Id] = incident with { Entries = [.. incident.Entries, entry] };
    }

    /// <summary>The incident that an event belongs to. What comes well after the home cancelled is another story: the next arming, the next alarm.</summary>
    private Incident? Latest(SmaEvent sma, bool? isSilent = null) =>
        _open.Values.Where(i => (isSilent is null || i.IsSilent == isSilent) && (sma.Partition is null || i.Partition is null || i.Partition == sma.Partition) && !(sma.Time - i.Cancelled > s_afterCancel)).MaxBy(i => i.LastSignal);

    private IncidentEntry Line(SmaEvent sma, IncidentEntryKind kind, string text, string gateway) => new(sma.Time, kind, _home, text, sma.Id, gateway.Length == 0 ? null : gateway);

    private static IEnumerable<string> Seen(Incident incident) =>
        incident.Entries.Where(e => e is { Reference: not null, Kind: IncidentEntryKind.Alarm or IncidentEntryKind.Event or IncidentEntryKind.Clip }).Select(e => Key(e.Gateway ?? "", e.Reference!));

    private static string Key(string gateway, string id) => $"{gateway}/{id}";

    private static IncidentEntry Status(DateTimeOffset at, Actor actor, string text) => new(at, IncidentEntryKind.Status, actor.Id, text);

    private static string Sentence(SmaEvent sma, string? zoneName) => sma.Kind switch
    {
        // The gateway explains its alarm machine itself; its words win.
        _ when sma.Body is Contract.PartitionBody { Text: { Length: > 0 } said } => said,
        SmaEventKinds.GatewayLost => "The gateway is out of reach.",
        SmaEventKinds.GatewayBack => "The gateway is back.",
        SmaEventKinds.EntryStarted => $"The entry delay runs: zone {Zone(sma, zoneName)} opened.",
        SmaEventKinds.EntryEnded => "The entry delay ended without an alarm.",
        SmaEventKinds.PartitionState => $"Partition {sma.Partition} changed its state.",
        SmaEventKinds.PowerLost => "The home's mains power is lost.",
        SmaEventKinds.PowerBack => "The home's mains power is back.",
        SmaEventKinds.PathChanged => "The gateway changed its path to the operator.",
        _ => "A directive of the home fired.",
    };

    private static string Zone(SmaEvent sma, string? name) =>
        name is null ? string.Create(CultureInfo.InvariantCulture, $"{sma.Zone}") : string.Create(CultureInfo.InvariantCulture, $"{sma.Zone} ({name})");

    private static string Words(Disposition disposition) => disposition switch
    {
        Incidents.Disposition.FalseAlarm => "false alarm",
        Incidents.Disposition.UserError => "user error",
        Incidents.Disposition.Cancelled => "cancelled by the home",
        Incidents.Disposition.Verified => "verified",
        Incidents.Disposition.Dispatched => "dispatched",
        _ => "test",
    };

    private static DateTimeOffset Later(DateTimeOffset left, DateTimeOffset right) => left > right ? left : right;
}
