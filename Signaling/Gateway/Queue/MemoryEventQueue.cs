using System.Security.Cryptography;
using MediaRelay.Gateway.Session;

namespace MediaRelay.Gateway.Queue;

/// <summary>A queue without a disk, for simulated gateways, and the state that the queue on disk mirrors.</summary>
public class MemoryEventQueue : IEventQueue
{
    /// <summary>Ids of instructions that are remembered: no server keeps more of them waiting unless it is told to.</summary>
    public const int MostRecent = 1024;

    private static readonly TimeSpan s_keep = TimeSpan.FromDays(7);

    private readonly SortedDictionary<ulong, QueuedEvent> _events = [];
    private readonly Dictionary<ulong, string> _unfinished = [];
    private readonly Queue<string> _recent = [];
    private readonly HashSet<string> _recentIds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _kept = new(StringComparer.Ordinal);
    private readonly int _maxEvents;
    private readonly long _maxOctets;
    private long _octets;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="maxEvents">Events held at most; beyond it the oldest that are not alarms are dropped.</param>
    /// <param name="maxOctets">Octets of their XML held at most.</param>
    public MemoryEventQueue(int maxEvents = 100_000, long maxOctets = 64 * 1024 * 1024)
    {
        _maxEvents = maxEvents;
        _maxOctets = maxOctets;
        Epoch = NewEpoch();
    }

    public string Epoch { get; protected set; }

    public ulong LastEvent { get; protected set; }

    public ulong FirstEvent
    {
        get
        {
            foreach (ulong seq in _events.Keys)
                return seq;
            return LastEvent + 1;
        }
    }

    public IReadOnlyCollection<QueuedEvent> Events => _events.Values;

    public bool IsOverfull => _events.Count > _maxEvents + (_maxEvents / 8) || _octets > _maxOctets + (_maxOctets / 8);

    public string? InstructionEpoch { get; protected set; }

    public EventSequence Instructions { get; private set; } = new();

    public IReadOnlyDictionary<ulong, string> Unfinished => _unfinished;

    public IReadOnlyDictionary<string, byte[]> Kept => _kept;

    public SmaEvent Append(SmaEvent draft)
    {
        ulong seq = LastEvent + 1;
        SmaEvent message = draft with { Seq = seq, Id = $"{Epoch}-{seq}", Time = SmaTime.Truncate(draft.Time) };
        Restore(new QueuedEvent(seq, message.Priority == EventPriority.Alarm, draft.Time, EventElement.Write(message)));
        return message;
    }

    public void Replace(QueuedEvent queued)
    {
        if (_events.ContainsKey(queued.Seq))
            Restore(queued);
    }

    public virtual void StartEpoch()
    {
        QueuedEvent[] old = [.. _events.Values];
        _events.Clear();
        _octets = 0;
        LastEvent = 0;
        Epoch = NewEpoch();
        foreach (QueuedEvent queued in old)
        {
            ulong seq = LastEvent + 1;
            if (EventElement.Read(queued.Element) is { } message)
                Hold(queued with { Seq = seq, Element = EventElement.Write(message with { Seq = seq, Id = $"{Epoch}-{seq}" }) });
        }
    }

    public virtual void AcknowledgeUpTo(ulong seq)
    {
        while (_events.Count > 0 && FirstEvent is var first && first <= seq)
            Remove(first);
    }

    public virtual void Acknowledge(ulong seq) => Remove(seq);

    public virtual void StartInstructions(string epoch, ulong done)
    {
        InstructionEpoch = epoch;
        Instructions = new EventSequence(done);
        _unfinished.Clear();
    }

    public virtual void Begin(ulong seq, string id)
    {
        Instructions.Add(seq);
        _unfinished[seq] = id;
        if (!_recentIds.Add(id))
            return;
        _recent.Enqueue(id);
        if (_recent.Count > MostRecent)
            _recentIds.Remove(_recent.Dequeue());
    }

    public bool WasBegun(string id) => _recentIds.Contains(id);

    public virtual void SkipInstructionsBelow(ulong seq) => Instructions.Forget(seq);

    public virtual void Finish(string id)
    {
        foreach (KeyValuePair<ulong, string> pair in _unfinished)
        {
            if (pair.Value != id)
                continue;
            _unfinished.Remove(pair.Key);
            return;
        }
    }

    public virtual void Keep(string key, byte[]? value)
    {
        if (value is null)
            _kept.Remove(key);
        else
            _kept[key] = value;
    }

    public void Trim(DateTimeOffset utcNow)
    {
        bool isDated = !GatewayClock.IsUnset(utcNow);
        foreach (ulong seq in _events.Values.Where(one => isDated && !GatewayClock.IsUnset(one.Made) && utcNow - one.Made > s_keep).Select(one => one.Seq).ToList())
            Acknowledge(seq);
        if (_events.Count <= _maxEvents && _octets <= _maxOctets)
            return;
        foreach (ulong seq in _events.Values.OrderBy(one => one.IsAlarm).ThenBy(one => one.Seq).Select(one => one.Seq).ToList())
        {
            if (_events.Count <= _maxEvents && _octets <= _maxOctets)
                return;
            Acknowledge(seq);
        }
    }

    public virtual void Flush()
    {
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Ids of the instructions begun last, the oldest first.</summary>
    protected IReadOnlyCollection<string> Recent => _recent;

    /// <summary>Adds an event with its number.</summary>
    protected virtual void Restore(QueuedEvent queued) => Hold(queued);

    private void Hold(QueuedEvent queued)
    {
        LastEvent = Math.Max(LastEvent, queued.Seq);
        Remove(queued.Seq);
        _events[queued.Seq] = queued;
        _octets += queued.Element.Length;
    }

    private void Remove(ulong seq)
    {
        if (_events.Remove(seq, out QueuedEvent? gone))
            _octets -= gone.Element.Length;
    }

    private static string NewEpoch() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
}
