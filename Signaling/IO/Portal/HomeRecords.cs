using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Incidents;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Homes, grants and open incidents, as storage holds them.</summary>
public sealed class HomeRecords(IStorage storage, TimeProvider time)
{
    internal const string HomeKind = "home";
    internal const string GrantKind = "grant";
    internal const string IncidentKind = "incident";

    /// <summary>Records that one answer has at most.</summary>
    public const int PageSize = 1000;

    private const int MaxIncidents = 10_000;

    /// <summary>Raised with the home when a right to see it may have ended: by a grant, a camera's rule or an alarm. Handlers must not block.</summary>
    public event Action<string>? RightsChanged;

    /// <summary>The home, null when unknown.</summary>
    public HomeRecord? Find(string home) => storage.Documents.Find(HomeKind, home) is { } document ? PortalJson.Read<HomeRecord>(document.Json) : null;

    /// <summary>Homes by their id, those behind <paramref name="after"/>, at most <paramref name="max"/>.</summary>
    public IReadOnlyList<HomeRecord> List(string after = "", int max = PageSize) => [.. storage.Documents.Page(HomeKind, after, max).Select(d => PortalJson.Read<HomeRecord>(d.Json))];

    /// <summary>Homes that a person may have a right to: the own one, those of grants, and for stations those with an alarm. The policy has the last word on each.</summary>
    public IReadOnlyList<HomeRecord> ListFor(Actor actor)
    {
        var homes = new SortedSet<string>(StringComparer.Ordinal);
        if (actor.Home is { } own)
            homes.Add(own);
        if (actor.Role is ActorRole.CentralStationOperator or ActorRole.CentralStationSupervisor)
            homes.UnionWith(storage.Documents.List(IncidentKind, null, open: true, null, MaxIncidents).Select(d => d.Home));
        string subject = PortalJson.Write(actor.Id), after = "";
        IReadOnlyList<StoredDocument> page;
        do
        {
            page = storage.Documents.Page(GrantKind, after, PageSize);
            homes.UnionWith(page.Where(d => d.Json.Contains(subject, StringComparison.Ordinal)).Select(d => d.Home));
            after = page.Count > 0 ? page[^1].Id : after;
        }
        while (page.Count == PageSize);
        return [.. homes.Select(Find).OfType<HomeRecord>()];
    }

    /// <summary>Adds or replaces a home.</summary>
    public async Task SaveAsync(HomeRecord home)
    {
        await storage.Documents.SaveAsync([Document(home)]).ConfigureAwait(false);
        NoteRights(home.Id);
    }

    /// <summary>Grants of a home, newest first.</summary>
    public IReadOnlyList<AccessGrant> Grants(string home) => [.. storage.Documents.List(GrantKind, home, null, null, 200).Select(d => PortalJson.Read<AccessGrant>(d.Json))];

    /// <summary>Adds a grant.</summary>
    public Task SaveAsync(AccessGrant grant) => storage.Documents.SaveAsync([new StoredDocument(GrantKind, grant.Id, grant.Home, true, grant.From, PortalJson.Write(grant))]);

    /// <summary>Ends a grant now.</summary>
    public async Task<bool> EndGrantAsync(string home, string id)
    {
        bool ended = await storage.Documents.RemoveAsync(GrantKind, id).ConfigureAwait(false);
        NoteRights(home);
        return ended;
    }

    /// <summary>Ends what a person was granted, in every home, because the account goes; a later account of that name starts with nothing.</summary>
    public async Task EndGrantsOfAsync(string subject)
    {
        subject = PortalUsers.Normal(subject);
        foreach (AccessGrant grant in storage.Documents.List(GrantKind, null, null, null, int.MaxValue).Select(d => PortalJson.Read<AccessGrant>(d.Json)).Where(g => g.Subject == subject))
            await EndGrantAsync(grant.Home, grant.Id).ConfigureAwait(false);
    }

    /// <summary>The alarm for which somebody of a central station looks in: the home's open one with the last signal, one that the home must not learn of first. Null for others.</summary>
    internal Incident? AlarmOf(Actor actor, string home) => actor.Role is ActorRole.CentralStationOperator or ActorRole.CentralStationSupervisor
        ? Incidents(home, open: true, max: 20).Where(i => i.OpensHome).MaxBy(i => (i.IsSilent, i.LastSignal))
        : null;

    /// <summary>Incidents, newest first.</summary>
    public IReadOnlyList<Incident> Incidents(string? home, bool? open, DateTimeOffset? before = null, int max = 200) =>
        [.. storage.Documents.List(IncidentKind, home, open, before, max).Select(d => PortalJson.Read<Incident>(d.Json))];

    /// <summary>One incident, null when unknown.</summary>
    public Incident? FindIncident(string id) => storage.Documents.Find(IncidentKind, id) is { } document ? PortalJson.Read<Incident>(document.Json) : null;

    /// <summary>True while an alarm of the home from the last day waits for its close; clips that come now show it.</summary>
    public bool IsAlarmUnderWork(string home) => Incidents(home, open: true, max: 50).Any(i => time.GetUtcNow() - i.LastSignal < TimeSpan.FromDays(1));

    /// <summary>What the access policy needs to know of a home now.</summary>
    public HomeFacts Facts(string home, string? camera)
    {
        Incident? alarm = Incidents(home, open: true, max: 50).Where(i => i.OpensHome).MaxBy(i => i.LastSignal);
        // A camera that the home does not have gets the strictest rule.
        CameraRule? rule = camera is null ? null : Find(home) is { } record && record.Devices.Any(d => d.Ref == camera && d.Type == "camera") ? record.RuleOf(camera) : CameraRule.Never;
        return new HomeFacts
        {
            Home = home,
            LastAlarmSignal = alarm?.LastSignal,
            AlarmWhileAway = alarm?.WhileAway ?? false,
            WindowExtendedUntil = alarm?.WindowExtendedUntil,
            Grants = Grants(home),
            Camera = rule,
        };
    }

    internal DateTimeOffset UtcNow => time.GetUtcNow();

    internal void NoteRights(string home) => RightsChanged?.Invoke(home);

    internal static StoredDocument Document(HomeRecord home) => new(HomeKind, home.Id, home.Id, true, DateTimeOffset.UnixEpoch, PortalJson.Write(home));

    internal static StoredDocument Document(Incident incident) =>
        new(IncidentKind, incident.Id, incident.Home, incident.State != IncidentState.Closed, incident.Opened, PortalJson.Write(incident));
}
