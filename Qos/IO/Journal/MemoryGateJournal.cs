using MediaRelay.Qos.Gates;

namespace MediaRelay.Qos.IO.Journal;

/// <summary>A journal without durability, for measurements and tests.</summary>
public sealed class MemoryGateJournal : IGateJournal
{
    private readonly Dictionary<GateHandle, GateJournalEntry> _entries = [];

    public int Count => _entries.Count;

    public Task<IReadOnlyList<GateJournalEntry>> LoadAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<GateJournalEntry>>([.. _entries.Values]);

    public ValueTask CommitAsync(IReadOnlyList<GateJournalEntry> writes, IReadOnlyList<GateHandle> removals, CancellationToken cancellation)
    {
        foreach (GateJournalEntry entry in writes) _entries[entry.Handle] = entry;
        foreach (GateHandle handle in removals) _entries.Remove(handle);
        return default;
    }
}
