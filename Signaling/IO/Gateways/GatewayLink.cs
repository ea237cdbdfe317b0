using System.Net;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>What this node keeps in memory for one gateway: its record, waiting instructions, held requests, presence and rates.</summary>
/// <remarks>The object's own lock guards what belongs together; nothing is awaited inside it. A value that stands alone (an address, a flag) needs none.</remarks>
internal sealed class GatewayLink
{
    private const int MaxWaiters = 2;

    private readonly Lock _lock = new();
    private readonly InstructionWindow _window = new(StoredMessage.Octets);
    private readonly List<Waiter> _waiters = new(MaxWaiters);
    private readonly GatewayPresence _presence;
    private readonly RateBucket _requests;
    private readonly RateBucket _spareRequests;
    private readonly RateBucket _events;
    private readonly TimeSpan _batching;
    private readonly TimeSpan _hold;
    private TimeSpan? _released;
    private TimeSpan? _told;
    private readonly List<Instruction> _early = [];
    private bool _flushPending;
    private ulong _last;
    private GatewayRecord? _record;
    private TimeSpan _recordRead;

    public GatewayLink(string gateway, SignalingOptions options, PresenceLimits limits)
    {
        Gateway = gateway;
        _presence = new GatewayPresence(limits);
        _requests = new RateBucket(options.RequestsPerSecond, options.RequestsPerSecond * 4);
        _spareRequests = new RateBucket(options.RequestsPerSecond, options.RequestsPerSecond * 4);
        _events = new RateBucket(options.EventsPerSecond, options.EventsPerSecond * 10);
        _batching = options.InstructionBatching;
        _hold = options.HoldTime;
    }

    public string Gateway { get; }

    /// <summary>Set once the backlog is loaded.</summary>
    public bool IsLoaded { get; private set; }

    /// <summary>Loads the backlog once; later callers wait for the same task.</summary>
    public Task? Loading { get; set; }

    /// <summary>Epoch of the numbers of instructions.</summary>
    public string InstructionEpoch { get; private set; } = "";

    /// <summary>Epoch of the gateway's events since its last hello to this node; null before.</summary>
    public string? EventEpoch { get; set; }

    /// <summary>True when that hello counted fewer events than are stored; what comes under its epoch may be known by number only.</summary>
    public bool IsCounterLost { get; set; }

    /// <summary>True from a hello until the gateway is lost.</summary>
    public bool HasSession { get; set; }

    /// <summary>The time that the admission gave this gateway; belongs to the admission's lock.</summary>
    public TimeSpan? Booked { get; set; }

    /// <summary>Address the gateway's requests come from.</summary>
    public IPAddress? Address { get; set; }

    /// <summary>True when presence changed since it was last noted in storage.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Presence changes that are not in the journal yet, with their times; the list is its own lock.</summary>
    public List<(PresenceChange Change, DateTimeOffset At)> Unrecorded { get; } = [];

    public PresenceState Presence
    {
        get
        {
            lock (_lock)
                return _presence.State;
        }
    }

    public TimeSpan Heard
    {
        get
        {
            lock (_lock)
                return _presence.Heard;
        }
    }

    public ulong LastInstruction
    {
        get
        {
            lock (_lock)
                return _last;
        }
    }

    /// <summary>Everything up to this number is done with: what waits begins right behind it.</summary>
    public ulong AcknowledgedInstruction
    {
        get
        {
            lock (_lock)
                return _window.First is { } first ? first - 1 : _last;
        }
    }

    /// <summary>How long a GET of this gateway is held at most: well within the silence that makes it suspect.</summary>
    public TimeSpan Hold
    {
        get
        {
            lock (_lock)
            {
                TimeSpan silence = _presence.Limits.Silence;
                TimeSpan most = silence - TimeSpan.FromSeconds(5) > silence / 3 ? silence - TimeSpan.FromSeconds(5) : silence / 3;
                return most < _hold ? most : _hold;
            }
        }
    }

    public int WaitingInstructions
    {
        get
        {
            lock (_lock)
                return _window.Count;
        }
    }

    public int HeldRequests
    {
        get
        {
            lock (_lock)
                return _waiters.Count;
        }
    }

    public void Load(InstructionBacklog backlog)
    {
        lock (_lock)
        {
            InstructionEpoch = backlog.Epoch;
            _last = Math.Max(_last, backlog.Last);
            foreach (Instruction instruction in backlog.Waiting)
                _window.Add(instruction);
            IsLoaded = true;
        }
    }

    public void Renumber(InstructionBacklog backlog)
    {
        lock (_lock)
        {
            InstructionEpoch = backlog.Epoch;
            _last = backlog.Last;
            _window.Replace(backlog.Waiting);
            foreach (Instruction instruction in _early.Where(one => one.Epoch == backlog.Epoch))
            {
                _last = Math.Max(_last, instruction.Seq);
                _window.Add(instruction);
            }

            _early.Clear();
        }
    }

    public bool TryTakeRequest(TimeSpan now, out TimeSpan wait)
    {
        lock (_lock)
            return _requests.TryTake(1, now, out wait);
    }

    /// <summary>Takes one of the requests that are kept for what may be an alarm when the others are used up.</summary>
    public bool TryTakeSpareRequest(TimeSpan now, out TimeSpan wait)
    {
        lock (_lock)
            return _spareRequests.TryTake(1, now, out wait);
    }

    public bool TryTakeEvents(int count, bool isAlarm, TimeSpan now, out TimeSpan wait)
    {
        lock (_lock)
        {
            if (!isAlarm)
                return _events.TryTake(count, now, out wait);
            _events.TakeAnyway(count, now);
            wait = TimeSpan.Zero;
            return true;
        }
    }

    /// <summary>Takes an acknowledgement; true when it is news that storage should learn.</summary>
    public bool Acknowledge(ulong upTo)
    {
        lock (_lock)
            return upTo <= _last && _window.Acknowledge(upTo);
    }

    public void ResetSent()
    {
        lock (_lock)
            _window.Reset();
    }

    /// <summary>Adds a stored instruction; when it is the first in a while it leaves at once, else with what comes within the batching time.</summary>
    public void Add(Instruction instruction, TimeSpan now)
    {
        lock (_lock)
        {
            if (IsLoaded && instruction.Epoch is { } epoch && epoch != InstructionEpoch)
            {
                // All were numbered anew meanwhile: it is among them, or was given a number of the epoch that this object will hear of in a moment.
                _early.Add(instruction);
                return;
            }

            _last = Math.Max(_last, instruction.Seq);
            _window.Add(instruction);
            if (_waiters.Count == 0 || _flushPending)
                return;
            if (_released is not { } released || now - released >= _batching)
            {
                Release(now);
                return;
            }

            _flushPending = true;
        }

        _ = FlushLaterAsync(now);
    }

    /// <summary>What can be sent now; used by the piggy-back on a POST.</summary>
    public IReadOnlyList<Instruction> Take(TimeSpan now, int max)
    {
        lock (_lock)
        {
            if (_window.Count == 0)
                return [];
            var batch = new List<Instruction>();
            _window.Take(now, max, batch);
            return batch;
        }
    }

    /// <summary>Waits for instructions until the deadline; null means none came, or the request was displaced by newer ones, as the waiter says.</summary>
    public Task<IReadOnlyList<Instruction>?> WaitAsync(TimeSpan now, TimeSpan deadline, out Waiter? waiter)
    {
        lock (_lock)
        {
            waiter = null;
            if (_window.HasReady(now))
            {
                var batch = new List<Instruction>();
                _window.Take(now, Contract.SmaContract.MaxInstructions, batch);
                _released = now;
                return Task.FromResult<IReadOnlyList<Instruction>?>(batch);
            }

            if (deadline <= now)
                return Task.FromResult<IReadOnlyList<Instruction>?>(null);
            if (_waiters.Count == MaxWaiters)
            {
                _waiters[0].Displace();
                _waiters.RemoveAt(0);
            }

            waiter = new Waiter(deadline);
            _waiters.Add(waiter);
            return waiter.Task;
        }
    }

    public void Abandon(Waiter waiter)
    {
        lock (_lock)
            _waiters.Remove(waiter);
        waiter.TrySetResult(null);
    }

    public void EndHeldRequests()
    {
        lock (_lock)
        {
            foreach (Waiter waiter in _waiters)
                waiter.TrySetResult(null);
            _waiters.Clear();
        }
    }

    /// <summary>An answer could not be written: its instructions may go out at once.</summary>
    public void Unsent(TimeSpan now)
    {
        lock (_lock)
        {
            _window.Reset();
            if (_waiters.Count > 0)
                Release(now);
        }
    }

    public void HandleRequest(TimeSpan now, List<PresenceChange> changes)
    {
        lock (_lock)
        {
            IsDirty = true;
            _presence.HandleRequest(now, changes);
        }
    }

    public void HandleBytes(TimeSpan now, List<PresenceChange> changes)
    {
        lock (_lock)
            _presence.HandleBytes(now, changes);
    }

    public void HandleAnswered()
    {
        lock (_lock)
            _presence.HandleAnswered();
    }

    public void HandleReset(TimeSpan now)
    {
        lock (_lock)
            _presence.HandleReset(now);
    }

    /// <summary>The gateway's record; null when it is not known or was read before <paramref name="since"/>.</summary>
    public GatewayRecord? Record(TimeSpan since)
    {
        lock (_lock)
            return _recordRead >= since ? _record : null;
    }

    /// <summary>The home that the record named when it was read last; null when the record has to be read whatever its age.</summary>
    public string? Home
    {
        get
        {
            lock (_lock)
                return _record?.Home;
        }
    }

    /// <summary>Keeps the record as it was read at that time; null limits leave those in force.</summary>
    public void Know(GatewayRecord record, TimeSpan read, PresenceLimits? limits)
    {
        lock (_lock)
        {
            _record = record;
            _recordRead = read;
            if (limits is not null)
                _presence.Limits = limits;
        }
    }

    /// <summary>The record changed, or the home's rule did.</summary>
    public void ForgetRecord()
    {
        lock (_lock)
            _record = null;
    }

    public void HandleExpected(PresenceState before, TimeSpan heard, TimeSpan until)
    {
        lock (_lock)
            _presence.HandleExpected(before, heard, until);
    }

    /// <summary>The gateway is told to come back after a time; until then its silence means nothing.</summary>
    public void Tell(TimeSpan now, TimeSpan wait)
    {
        lock (_lock)
            _presence.HandleTold(now + wait);
    }

    /// <summary>The same, while the node ends: all requests of a gateway hear of the same moment.</summary>
    public TimeSpan TellOnce(TimeSpan now, TimeSpan wait)
    {
        lock (_lock)
        {
            if (_told is not { } told || told <= now)
                _told = told = now + wait;
            _presence.HandleTold(told);
            return told - now;
        }
    }

    /// <summary>Ends held requests whose time is over, resends what was not acknowledged, and judges the silence when it may.</summary>
    public void HandleDeadline(TimeSpan now, bool isJudged, List<PresenceChange> changes)
    {
        lock (_lock)
        {
            for (int i = _waiters.Count - 1; i >= 0; i--)
            {
                if (_waiters[i].Deadline > now)
                    continue;
                _waiters[i].TrySetResult(null);
                _waiters.RemoveAt(i);
            }

            if (_window.Count > 0 && _waiters.Count > 0 && _window.HasReady(now))
                Release(now);
            if (isJudged && _presence.NextDeadline <= now)
                _presence.HandleDeadline(now, changes);
        }
    }

    private async Task FlushLaterAsync(TimeSpan now)
    {
        await Task.Delay(_batching).ConfigureAwait(false);
        lock (_lock)
        {
            _flushPending = false;
            if (_waiters.Count > 0)
                Release(now + _batching);
        }
    }

    private void Release(TimeSpan now)
    {
        var batch = new List<Instruction>();
        _window.Take(now, Contract.SmaContract.MaxInstructions, batch);
        if (batch.Count == 0)
            return;
        _released = now;
        Waiter waiter = _waiters[0];
        _waiters.RemoveAt(0);
        waiter.TrySetResult(batch);
    }

    /// <summary>A held request.</summary>
    public sealed class Waiter(TimeSpan deadline) : TaskCompletionSource<IReadOnlyList<Instruction>?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public TimeSpan Deadline { get; } = deadline;

        /// <summary>True when newer requests took its place: who waits in a loop must not come back.</summary>
        public bool IsDisplaced { get; private set; }

        public void Displace()
        {
            IsDisplaced = true;
            TrySetResult(null);
        }
    }
}
