using System.Collections.Concurrent;
using System.Net;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>
/// The Event Server's side that other parts use: send an instruction to a gateway, ask for its presence, and hear its events the
/// moment they are durable.
/// </summary>
public sealed partial class GatewayLinks : BackgroundService
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_noteEvery = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, GatewayLink> _links = new(StringComparer.Ordinal);
    private readonly IStorage _storage;
    private readonly SignalingOptions _options;
    private readonly MonotonicClock _clock;
    private readonly PresenceLimits _limits;
    private readonly ILogger<GatewayLinks> _logger;
    private readonly IDisposable _recordChanges;
    private event Action<IReadOnlyList<StoredEvent>>? EventsStored;

    public GatewayLinks(IStorage storage, SignalingOptions options, TimeProvider time, ILogger<GatewayLinks> logger)
    {
        _storage = storage;
        _options = options;
        _clock = new MonotonicClock(time);
        _logger = logger;
        _limits = new PresenceLimits(options.SuspectAfter, options.ResetGrace, options.LostAfter);
        _recordChanges = storage.Notifications.Subscribe(INotifications.Gateways, gateway =>
        {
            if (_links.TryGetValue(gateway, out GatewayLink? link))
                link.Record = null;
        });
    }

    /// <summary>Gateways that are connected now.</summary>
    public int Connected => _links.Values.Count(link => link.Presence == PresenceState.Connected);

    /// <summary>Held requests of all gateways.</summary>
    public int HeldRequests => _links.Values.Sum(link => link.HeldRequests);

    internal MonotonicClock Clock => _clock;

    /// <summary>Queues an instruction; when the task completes it is durable and on its way. Its number is set here.</summary>
    /// <exception cref="ArgumentException">It lacks what its kind needs.</exception>
    /// <exception cref="StorageException">The gateway is unknown, or storage refuses writes.</exception>
    public async Task<Instruction> SendAsync(string gateway, Instruction instruction)
    {
        if (InstructionRules.Check(instruction) is { } fault)
            throw new ArgumentException(fault, nameof(instruction));
        Instruction numbered = await _storage.Instructions.EnqueueAsync(gateway, instruction).ConfigureAwait(false);
        if (_links.TryGetValue(gateway, out GatewayLink? link))
            link.Add(numbered, _clock.Now);
        return numbered;
    }

    /// <summary>What is known about the gateway's connection.</summary>
    public PresenceState Presence(string gateway) =>
        _links.TryGetValue(gateway, out GatewayLink? link) ? link.Presence : PresenceState.Unknown;

    /// <summary>When the gateway was last heard by this node; null when never.</summary>
    public DateTimeOffset? LastHeard(string gateway) =>
        _links.TryGetValue(gateway, out GatewayLink? link) && link.Presence != PresenceState.Unknown ? _clock.UtcNow - (_clock.Now - link.Heard) : null;

    /// <summary>The address the gateway's requests come from: the home's public address.</summary>
    public IPAddress? Address(string gateway) => _links.TryGetValue(gateway, out GatewayLink? link) ? link.Address : null;

    /// <summary>Calls the handler with every group of events the moment it is durable, until the result is disposed. The handler must not block; what it must not miss it reads from the journal.</summary>
    public IDisposable OnEvents(Action<IReadOnlyList<StoredEvent>> handler)
    {
        EventsStored += handler;
        return new Subscription(() => EventsStored -= handler);
    }

    internal GatewayLink? Known(string gateway) => _links.GetValueOrDefault(gateway);

    internal GatewayLink Link(string gateway) => _links.GetOrAdd(gateway, id => new GatewayLink(id, _options, _limits));

    /// <summary>The link with its record and its waiting instructions; null when the gateway is unknown.</summary>
    internal async ValueTask<GatewayLink?> FindAsync(string gateway)
    {
        if (!_links.TryGetValue(gateway, out GatewayLink? link))
        {
            // Only a gateway that is registered gets an object in memory.
            if (_storage.Gateways.Find(gateway) is not { } record)
                return null;
            link = Link(gateway);
            link.Record = record;
        }

        link.Record ??= _storage.Gateways.Find(gateway);
        if (link.Record is null)
            return null;
        if (!link.IsLoaded)
            await (link.Loading ??= LoadAsync(link)).ConfigureAwait(false);
        return link;
    }

    /// <summary>Ends all held requests, e.g. because the node drains.</summary>
    internal void EndHeldRequests()
    {
        foreach (GatewayLink link in _links.Values)
            link.EndHeldRequests();
    }

    internal void Raise(IReadOnlyList<StoredEvent> stored)
    {
        if (stored.Count > 0)
            EventsStored?.Invoke(stored);
    }

    /// <summary>Carries out presence changes: the gateway's connectivity becomes an event like any other.</summary>
    internal void Apply(GatewayLink link, List<PresenceChange> changes)
    {
        foreach (PresenceChange change in changes)
        {
            link.IsDirty = true;
            string? kind = change.To switch
            {
                PresenceState.Suspect => SmaEventKinds.GatewaySuspect,
                PresenceState.Lost => SmaEventKinds.GatewayLost,
                PresenceState.Connected when change.From is PresenceState.Suspect or PresenceState.Lost => SmaEventKinds.GatewayBack,
                _ => null,
            };
            if (change.To == PresenceState.Lost)
                link.HasSession = false;
            if (kind is not null)
                _ = RecordAsync(link.Gateway, kind, change);
        }

        changes.Clear();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Expect();
        var changes = new List<PresenceChange>();
        TimeSpan noted = _clock.Now;
        using var timer = new PeriodicTimer(s_tick, _clock.Provider);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                TimeSpan now = _clock.Now;
                foreach (KeyValuePair<string, GatewayLink> pair in _links)
                {
                    pair.Value.HandleDeadline(now, changes);
                    if (changes.Count > 0)
                        Apply(pair.Value, changes);
                }

                if (now - noted >= s_noteEvery)
                {
                    noted = now;
                    await NoteSeenAsync().ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; held requests end with their connections.
        }

        await NoteSeenAsync().ConfigureAwait(false);
    }

    public override void Dispose()
    {
        _recordChanges.Dispose();
        base.Dispose();
    }

    /// <summary>Gateways that were connected when the last process ended are expected back; their silence means something.</summary>
    private void Expect()
    {
        string after = "";
        while (_storage.Gateways.List(after, 1000) is { Count: > 0 } page)
        {
            foreach (GatewayRecord record in page)
            {
                if (record.Presence is PresenceState.Connected or PresenceState.Suspect)
                    Link(record.Id).HandleExpected(_clock.Now);
            }

            after = page[^1].Id;
        }
    }

    private async Task LoadAsync(GatewayLink link)
    {
        try
        {
            link.Load(await _storage.Instructions.BacklogAsync(link.Gateway).ConfigureAwait(false));
        }
        catch (StorageException)
        {
            link.Loading = null;
            throw;
        }
    }

    private async Task RecordAsync(string gateway, string kind, PresenceChange change)
    {
        try
        {
            DateTimeOffset utcNow = _clock.UtcNow;
            var draft = new SmaEvent
            {
                Id = "", Seq = 0, Time = utcNow, Kind = kind,
                Priority = kind == SmaEventKinds.GatewayLost ? EventPriority.Trouble : EventPriority.Status,
                Body = new TextBody(change.Reason),
            };
            StoredEvent stored = await _storage.Events.AppendServerEventAsync(gateway, draft, utcNow).ConfigureAwait(false);
            LogPresence(gateway, change.From, change.To, change.Reason);
            Raise([stored]);
        }
        catch (StorageException e)
        {
            LogPresenceNotStored(e, gateway, change.To);
        }
    }

    private async Task NoteSeenAsync()
    {
        var seen = new List<GatewaySeen>();
        foreach (GatewayLink link in _links.Values)
        {
            if (!link.IsDirty)
                continue;
            link.IsDirty = false;
            seen.Add(new GatewaySeen(link.Gateway, link.Presence, _clock.UtcNow - (_clock.Now - link.Heard)));
        }

        if (seen.Count == 0)
            return;
        try
        {
            await _storage.Gateways.NoteSeenAsync(seen).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            LogSeenNotStored(e, seen.Count);
        }
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        private Action? _end = end;

        public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
    }
}
