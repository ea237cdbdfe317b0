using System.Collections.Concurrent;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Incidents;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>
/// Follows the event journal from its own cursor and keeps homes and incidents: partitions, devices, alarms. Record and cursor move in one
/// step, so a crash neither loses an incident nor opens it twice. People's changes to incidents go through it as well, one at a time.
/// </summary>
public sealed partial class HomeKeeper(IStorage storage, HomeRecords homes, PortalFeed feed, ILogger<HomeKeeper> logger) : BackgroundService
{
    private const string Consumer = "homes";
    private const int Page = 256;
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _signal = new(1, 1);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ConcurrentDictionary<string, IncidentBook> _books = new(StringComparer.Ordinal);

    /// <summary>Changes one open incident on behalf of a person or another part; stored before it returns.</summary>
    public async Task<IncidentResult> ChangeAsync(string incident, Func<IncidentBook, IncidentResult> change)
    {
        if (homes.FindIncident(incident) is not { } found)
            return new(null, "The incident does not exist.");
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            IncidentResult result = change(Book(found.Home));
            if (result.Incident is { } changed)
                await SaveAsync(found.Home, [changed], []).ConfigureAwait(false);
            return result;
        }
        catch (StorageException)
        {
            // Memory must not run ahead of what is durable.
            _books.TryRemove(found.Home, out _);
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Adds a line to an incident; silently nothing when it is closed or unknown.</summary>
    public Task<IncidentResult> AddAsync(string incident, IncidentEntry entry) => ChangeAsync(incident, book => new(book.Add(incident, entry), null));

    /// <summary>Changes what is known of a home, e.g. a name; stored before it returns. Null when the home is unknown.</summary>
    public async Task<HomeRecord?> ChangeHomeAsync(string home, Func<HomeRecord, HomeRecord> change)
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            if (homes.Find(home) is not { } found)
                return null;
            HomeRecord changed = change(found);
            await homes.SaveAsync(changed).ConfigureAwait(false);
            feed.Publish("home", home, new { home });
            return changed;
        }
        finally
        {
            _turn.Release();
        }
    }

    public override void Dispose()
    {
        _signal.Dispose();
        _turn.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using IDisposable subscription = storage.Notifications.Subscribe(INotifications.Events, _ => Wake());
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _signal.WaitAsync(stoppingToken).ConfigureAwait(false);
                while (await TakePageAsync(stoppingToken).ConfigureAwait(false))
                {
                    // The next page follows at once.
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (StorageException e)
            {
                LogNotStored(e);
                _books.Clear();
                await Task.Delay(s_retry, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Wake();
            }
        }
    }

    /// <summary>Takes one page of the journal; true when another waits.</summary>
    private async Task<bool> TakePageAsync(CancellationToken stop)
    {
        await _turn.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            IReadOnlyList<StoredEvent> page = storage.Events.Read(storage.Events.Cursor(Consumer), Page);
            if (page.Count == 0)
                return false;
            var changedHomes = new Dictionary<string, HomeRecord>(StringComparer.Ordinal);
            var changedIncidents = new Dictionary<string, Incident>(StringComparer.Ordinal);
            var touched = new HashSet<string>(StringComparer.Ordinal);
            foreach (StoredEvent stored in page)
            {
                try
                {
                    Take(stored, changedHomes, changedIncidents, touched);
                }
                catch (Exception e) when (e is not StorageException)
                {
                    // Our bug: this event is passed over, or it would stand in the way of every alarm behind it.
                    LogPoison(e, stored.Gateway, stored.Position);
                }
            }

            await SaveAsync("", [.. changedIncidents.Values], [.. changedHomes.Values], Consumer, page[^1].Position).ConfigureAwait(false);
            foreach (string id in touched)
                feed.Publish("home", id, new { home = id });
            return page.Count == Page;
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Take(StoredEvent stored, Dictionary<string, HomeRecord> changedHomes, Dictionary<string, Incident> changedIncidents, HashSet<string> touched)
    {
        if (HomeOf(stored.Gateway) is not { Length: > 0 } id)
            return;
        // A page of the home that asks again at this very moment would tell, too.
        if (!SilentAlarms.Tells(stored, Book(id).SilentSince))
            touched.Add(id);
        // A home begins with the first event of its gateway when nobody has described it before: its alarms must not wait for paperwork.
        if ((changedHomes.GetValueOrDefault(id) ?? homes.Find(id)) is not { } home)
            home = changedHomes[id] = new HomeRecord { Id = id, Name = id, Gateway = stored.Gateway };
        HomeRecord after = HomeProjection.Apply(home, stored);
        if (!ReferenceEquals(after, home))
            changedHomes[id] = after;
        // An alarm may have overtaken the report of the arming, so it says itself how the partition was armed.
        bool away = stored.Event.Mode is { } mode ? mode == "away" : home.Partitions.Any(p => p.Number == (stored.Event.Partition ?? p.Number) && p.Mode == "away");
        if (Book(id).HandleEvent(stored.Event, away, after.ZoneName(stored.Event.Zone), stored.Received, stored.Gateway) is { } incident)
            changedIncidents[incident.Id] = incident;
    }

    private async Task SaveAsync(string home, IReadOnlyList<Incident> incidents, IReadOnlyList<HomeRecord> records, string? consumer = null, long position = 0)
    {
        await storage.Documents.SaveAsync([.. incidents.Select(HomeRecords.Document), .. records.Select(HomeRecords.Document)], consumer, position).ConfigureAwait(false);
        foreach (Incident incident in incidents)
        {
            feed.Publish("incident", incident.Home, new { id = incident.Id, home = incident.Home, state = incident.State, priority = incident.Priority }, incident.IsSilent);
            homes.NoteRights(incident.Home);
        }

        if (home.Length > 0)
            feed.Publish("home", home, new { home }, incidents.Count > 0 && incidents.All(i => i.IsSilent));
    }

    private IncidentBook Book(string home) => _books.GetOrAdd(home, id => new IncidentBook(id, homes.Incidents(id, open: true)));

    private string? HomeOf(string gateway) => storage.Gateways.Find(gateway)?.Home;

    private void Wake()
    {
        try
        {
            if (_signal.CurrentCount == 0)
                _signal.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Somebody else woke it in the same moment, or the node stops.
        }
    }
}
