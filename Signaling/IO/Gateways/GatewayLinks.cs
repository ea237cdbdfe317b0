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
    private static readonly TimeSpan s_recordLife = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, GatewayLink> _links = new(StringComparer.Ordinal);
    private readonly IStorage _storage;
    private readonly SignalingOptions _options;
    private readonly MonotonicClock _clock;
    private readonly PresenceLimits _limits;
    private readonly InstructionBounds _bounds;
    private readonly ConnectivityRules _rules;
    private readonly ReturnPlan _plan;
    private readonly ILogger<GatewayLinks> _logger;
    private readonly IDisposable _recordChanges;
    private long _refused;
    private volatile bool _isDraining;
    private TimeSpan _drainSpread;

    private event Action<IReadOnlyList<StoredEvent>>? EventsStored;

    public GatewayLinks(IStorage storage, SignalingOptions options, TimeProvider time, ILogger<GatewayLinks> logger)
    {
        _storage = storage;
        _options = options;
        _clock = new MonotonicClock(time);
        _logger = logger;
        _limits = new PresenceLimits(options.SuspectAfter, options.ResetGrace, options.LostAfter);
        _bounds = new InstructionBounds(options.MaxWaitingInstructions, options.MaxWaitingInstructionBytes);
        _rules = new ConnectivityRules(storage);
        _plan = new ReturnPlan(options.SessionsPerSecond, options.ReconnectSpread);
        _recordChanges = storage.Notifications.Subscribe(INotifications.Gateways, gateway =>
        {
            if (_links.TryGetValue(gateway, out GatewayLink? link))
                link.ForgetRecord();
        });
    }

    /// <summary>Gateways that are connected now.</summary>
    public int Connected => _links.Values.Count(link => link.Presence == PresenceState.Connected);

    /// <summary>Held requests of all gateways.</summary>
    public int HeldRequests => _links.Values.Sum(link => link.HeldRequests);

    internal MonotonicClock Clock => _clock;

    /// <summary>True from the moment at which the gateways' listener ends: they are asked to come back a little later, and their silence is not judged.</summary>
    internal bool IsDraining => _isDraining;

    /// <summary>Over which time their return is spread.</summary>
    internal TimeSpan DrainSpread => _drainSpread;

    /// <summary>Queues an instruction; when the task completes it is durable and on its way. Its number is set here.</summary>
    /// <exception cref="ArgumentException">It lacks what its kind needs, or no gateway could read it.</exception>
    /// <exception cref="StorageException">The gateway is unknown, too many instructions wait for it, or storage refuses writes.</exception>
    public async Task<Instruction> SendAsync(string gateway, Instruction instruction)
    {
        if (InstructionRules.Check(instruction) is { } fault)
            throw new ArgumentException(fault, nameof(instruction));
        if (!StoredMessage.IsReadable(instruction))
            throw new ArgumentException($"The {instruction.Kind} is larger than a gateway reads, or breaks the rules of its schema.", nameof(instruction));
        Instruction numbered;
        try
        {
            numbered = await _storage.Instructions.EnqueueAsync(gateway, instruction, _bounds).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.IsQueueFull)
        {
            Interlocked.Increment(ref _refused);
            LogQueueFull(gateway, e.Message);
            throw;
        }

        if (_links.TryGetValue(gateway, out GatewayLink? link))
            link.Add(numbered, _clock.Now);
        return numbered;
    }

    /// <summary>How many instructions wait for the gateway, how large they are, and how many are past their end.</summary>
    public InstructionLoad Waiting(string gateway) => _storage.Instructions.Load(gateway, _clock.UtcNow);

    /// <summary>Instructions that were refused because too many waited.</summary>
    public long RefusedInstructions => Volatile.Read(ref _refused);

    /// <summary>Instructions that wait for gateways known to this node.</summary>
    internal long WaitingInstructions => _links.Values.Sum(link => (long)link.WaitingInstructions);

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

    /// <summary>The gateway's record, not older than 30 s: other processes write it too. Null when the gateway is unknown.</summary>
    internal GatewayRecord? FindRecord(string gateway) =>
        _links.TryGetValue(gateway, out GatewayLink? link) && link.Record(_clock.Now - s_recordLife) is { } record ? record : _storage.Gateways.Find(gateway);

    internal GatewayLink Link(string gateway) => _links.GetOrAdd(gateway, id => new GatewayLink(id, _options, _limits));

    /// <summary>The link with its waiting instructions, and the record that was good at this moment, not older than 30 s; null when the gateway is unknown.</summary>
    internal async ValueTask<(GatewayLink Link, GatewayRecord Record)?> FindAsync(string gateway)
    {
        TimeSpan now = _clock.Now;
        if (!_links.TryGetValue(gateway, out GatewayLink? link) || link.Record(now - s_recordLife) is not { } record)
        {
            // Only a gateway that is registered gets an object in memory.
            if (_storage.Gateways.Find(gateway) is not { } read)
                return null;
            link ??= Link(gateway);
            record = read;
            Know(link, record, now);
        }

        if (!link.IsLoaded)
            await (link.Loading ??= LoadAsync(link)).ConfigureAwait(false);
        return (link, record);
    }

    /// <summary>The listener ends: held requests are answered, and the silence that follows is nobody's fault.</summary>
    internal void BeginDrain()
    {
        if (_isDraining)
            return;
        _drainSpread = _plan.SpreadAtTheEnd(Connected);
        _isDraining = true;
        EndHeldRequests();
    }

    /// <summary>Ends all held requests; who holds them decides what is answered.</summary>
    internal void EndHeldRequests()
    {
        foreach (GatewayLink link in _links.Values)
            link.EndHeldRequests();
    }

    internal void Raise(IReadOnlyList<StoredEvent> stored)
    {
        if (stored.Count == 0 || EventsStored is not { } handlers)
            return;
        foreach (Action<IReadOnlyList<StoredEvent>> handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                handler(stored);
            }
            catch (Exception e)
            {
                // The events are durable and will be acknowledged; one listener's bug is neither the gateway's fault nor the other listeners'.
                LogHandlerFailed(e, stored[0].Gateway, stored[0].Position);
            }
        }
    }

    /// <summary>A gateway's record, and with it how long its home lets it be silent. That is read again when the record was forgotten, as it is when the home's rule changes.</summary>
    private void Know(GatewayLink link, GatewayRecord record, TimeSpan read) =>
        link.Know(record, read, link.Home == record.Home ? null : _rules.Of(record.Home).Limits(_limits));

    /// <summary>Carries out presence changes: the gateway's connectivity becomes an event like any other, as its home's rule says.</summary>
    internal void Apply(GatewayLink link, List<PresenceChange> changes)
    {
        foreach (PresenceChange change in changes)
        {
            link.IsDirty = true;
            if (change.To == PresenceState.Lost)
                link.HasSession = false;
            if (change.To is PresenceState.Suspect or PresenceState.Lost || change is { To: PresenceState.Connected, From: PresenceState.Suspect or PresenceState.Lost })
                Record(link, change);
        }

        changes.Clear();
    }

    /// <summary>Knows whom to expect before the first gateway can ask.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Expect();
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var changes = new List<PresenceChange>();
        TimeSpan noted = _clock.Now;
        _stopping = stoppingToken;
        using var timer = new PeriodicTimer(s_tick, _clock.Provider);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                TimeSpan now = _clock.Now;
                foreach (KeyValuePair<string, GatewayLink> pair in _links)
                {
                    pair.Value.HandleDeadline(now, !_isDraining, changes);
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

    /// <summary>What was known of gateways when the last process ended goes on: those that were connected are expected back, and one that was lost can be back.</summary>
    private void Expect()
    {
        var expected = new List<GatewayRecord>();
        string after = "";
        while (_storage.Gateways.List(after, 1000) is { Count: > 0 } page)
        {
            expected.AddRange(page.Where(record => record.Presence != PresenceState.Unknown));
            after = page[^1].Id;
        }

        DateTimeOffset utcNow = _clock.UtcNow;
        TimeSpan now = _clock.Now;
        List<DateTimeOffset> seen = [.. expected.Where(record => record.Presence != PresenceState.Lost).Select(record => record.LastSeen ?? utcNow)];
        // The last sign of life that was noted may be this much older than the end.
        TimeSpan outage = seen.Count == 0 ? TimeSpan.Zero : utcNow - seen.Max() - _options.HoldTime - s_noteEvery;
        TimeSpan until = now + _plan.Allowance(seen.Count, outage);
        foreach (GatewayRecord record in expected)
        {
            GatewayLink link = Link(record.Id);
            Know(link, record, now);
            TimeSpan silent = utcNow - (record.LastSeen ?? utcNow);
            link.HandleExpected(record.Presence, now - (silent > TimeSpan.Zero ? silent : TimeSpan.Zero), until);
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
            foreach (GatewaySeen one in seen)
                Link(one.Gateway).IsDirty = true;
            LogSeenNotStored(e, seen.Count);
        }
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        private Action? _end = end;

        public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
    }
}
