namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Outcome of checking the journal.</summary>
/// <param name="Events">Events checked.</param>
/// <param name="Purged">Events of which only the digest is left.</param>
/// <param name="FirstPosition">First position, 0 when empty.</param>
/// <param name="LastPosition">Last position, 0 when empty.</param>
/// <param name="Faults">One sentence per fault, at most 100.</param>
public sealed record JournalVerdict(long Events, long Purged, long FirstPosition, long LastPosition, IReadOnlyList<string> Faults);
