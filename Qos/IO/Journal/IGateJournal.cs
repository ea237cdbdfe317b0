using MediaRelay.Qos.Gates;

namespace MediaRelay.Qos.IO.Journal;

/// <summary>Where the application manager keeps its gates over restarts. One owner uses it, never two calls at a time.</summary>
public interface IGateJournal
{
    /// <summary>All entries that were written and not removed.</summary>
    Task<IReadOnlyList<GateJournalEntry>> LoadAsync(CancellationToken cancellation);

    /// <summary>
    /// Writes entries, replacing those of the same handle, and removes others; a handle in both is removed. When it returns, the writes
    /// survive a loss of power. Removals may be lost: a gate that is gone is found by synchronisation.
    /// </summary>
    ValueTask CommitAsync(IReadOnlyList<GateJournalEntry> writes, IReadOnlyList<GateHandle> removals, CancellationToken cancellation);
}
