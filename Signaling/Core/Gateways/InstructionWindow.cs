using MediaRelay.Signaling.Contract;

namespace MediaRelay.Signaling.Gateways;

/// <summary>
/// The instructions that wait for one gateway: which of them to put into the next answer, and when to send one again
/// (sma-sig-1 sections 3, 6 and 7). Held GETs and storage are the shell's.
/// </summary>
/// <remarks>
/// An instruction stays until an acknowledgement passes it. It is sent once per <see cref="ResendAfter"/>, because of two GETs in
/// flight one may carry an acknowledgement that is older than the other's answer.
/// </remarks>
/// <param name="measure">Octets of an instruction as it is sent; null counts none.</param>
public sealed class InstructionWindow(Func<Instruction, int>? measure = null)
{
    /// <summary>An instruction that was sent and not acknowledged goes out again after this time.</summary>
    public static readonly TimeSpan ResendAfter = TimeSpan.FromSeconds(5);

    private readonly LinkedList<Entry> _waiting = [];

    /// <summary>Instructions that are not acknowledged.</summary>
    public int Count => _waiting.Count;

    /// <summary>Everything up to this number is acknowledged.</summary>
    public ulong Acknowledged { get; private set; }

    /// <summary>The number of the first instruction that waits; null when none does.</summary>
    public ulong? First => _waiting.First?.Value.Instruction.Seq;

    /// <summary>True when an instruction can be sent at this time.</summary>
    public bool HasReady(TimeSpan now)
    {
        foreach (Entry entry in _waiting)
        {
            if (entry.IsReady(now))
                return true;
        }

        return false;
    }

    /// <summary>Adds an instruction at its place; one that is known or acknowledged is left out.</summary>
    public void Add(Instruction instruction)
    {
        if (instruction.Seq <= Acknowledged)
            return;
        LinkedListNode<Entry>? before = _waiting.Last;
        while (before is not null && before.Value.Instruction.Seq > instruction.Seq)
            before = before.Previous;
        if (before?.Value.Instruction.Seq == instruction.Seq)
            return;
        var entry = new Entry(instruction, measure?.Invoke(instruction) ?? 0);
        if (before is null)
            _waiting.AddFirst(entry);
        else
            _waiting.AddAfter(before, entry);
    }

    /// <summary>Removes everything up to the number; false when it was removed before.</summary>
    public bool Acknowledge(ulong upTo)
    {
        if (upTo <= Acknowledged)
            return false;
        Acknowledged = upTo;
        while (_waiting.First is { } first && first.Value.Instruction.Seq <= upTo)
            _waiting.RemoveFirst();
        return true;
    }

    /// <summary>Appends what can be sent now, at most <paramref name="max"/> and <see cref="SmaContract.MaxInstructionOctets"/>, and marks it as sent.</summary>
    public void Take(TimeSpan now, int max, List<Instruction> batch)
    {
        int octets = 0;
        foreach (Entry entry in _waiting)
        {
            if (batch.Count == max)
                return;
            if (!entry.IsReady(now))
                continue;
            octets += entry.Octets;
            if (batch.Count > 0 && octets > SmaContract.MaxInstructionOctets)
                return;
            entry.Sent = now;
            batch.Add(entry.Instruction);
        }
    }

    /// <summary>The numbers were given anew.</summary>
    public void Replace(IEnumerable<Instruction> instructions)
    {
        _waiting.Clear();
        Acknowledged = 0;
        foreach (Instruction instruction in instructions)
            Add(instruction);
    }

    /// <summary>A new session began, or an answer could not be written: everything may go out at once.</summary>
    public void Reset()
    {
        foreach (Entry entry in _waiting)
            entry.Sent = null;
    }

    private sealed class Entry(Instruction instruction, int octets)
    {
        public Instruction Instruction { get; } = instruction;

        public int Octets { get; } = octets;

        public TimeSpan? Sent { get; set; }

        public bool IsReady(TimeSpan now) => Sent is not { } sent || now - sent >= ResendAfter;
    }
}
