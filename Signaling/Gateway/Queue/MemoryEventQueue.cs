using System.Security.Cryptography;

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

    /// <summary>Creates an empty queue.</summary>
    /// <param name="maxEvents">Events held at most; beyond it the oldest that are not alarms are dropped.</param>
    public MemoryEventQueue(int maxEvents = 100_000)
    {
        _maxEvents = maxEvents;
        Epoch = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
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

    public string? InstructionEpoch { get; protected set; }

    public EventSequence Instructions { get; private set; } = new();

    public IReadOnlyDictionary<ulong, string> Unfinished => _unfinished;

    public IReadOnlyDictionary<string, byte[]> Kept => _kept;

    public SmaEvent Append(SmaEvent draft)
    {
        ulong seq = LastEvent + 1;
        SmaEvent message = draft with { Seq = seq, Id = $"{Epoch}-{seq}", Time = SmaTime.Truncate(draft.Time) };
        var x = new XmlOutput();
        SmaWriter.WriteEvent(x, message);
        Restore(new QueuedEvent(seq, message.Priority == EventPriority.Alarm, draft.Time, x.Written.ToArray()));
        return message;
    }

    public virtual void AcknowledgeUpTo(ulong seq)
    {
        while (_events.Count > 0 && FirstEvent is var first && first <= seq)
            _events.Remove(first);
    }

    public virtual void Acknowledge(ulong seq) => _events.Remove(seq);

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
        List<ulong> old = [.. _events.Values.Where(one => utcNow - one.Made > s_keep).Select(one => one.Seq)];
        int excess = _events.Count - old.Count - _maxEvents;
        if (excess > 0)
            old.AddRange(_events.Values.Where(one => utcNow - one.Made <= s_keep).OrderBy(one => one.IsAlarm).ThenBy(one => one.Seq).Take(excess).Select(one => one.Seq));
        foreach (ulong seq in old)
            Acknowledge(seq);
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
    protected virtual void Restore(QueuedEvent queued)
    {
        LastEvent = Math.Max(LastEvent, queued.Seq);
        _events[queued.Seq] = queued;
    }
}
