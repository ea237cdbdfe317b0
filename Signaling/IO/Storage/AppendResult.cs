using MediaRelay.Signaling.Events;
namespace MediaRelay.Signaling.IO.Storage;

/// <summary>What became of a batch.</summary>
public sealed record AppendResult
{
    /// <summary>Everything up to this number is durable.</summary>
    public required ulong UpTo { get; init; }

    /// <summary>Gaps above it.</summary>
    public IReadOnlyList<SeqRange> Missing { get; init; } = [];

    /// <summary>Numbers so far ahead that they could not be remembered; the gateway sends them again later. Never those of alarms, which are stored however far ahead they are.</summary>
    public IReadOnlyList<ulong> Later { get; init; } = [];

    /// <summary>The events that are new, with their positions.</summary>
    public IReadOnlyList<StoredEvent> Stored { get; init; } = [];

    /// <summary>Events that were known by number.</summary>
    public int Duplicates { get; init; }

    /// <summary>Ids that came again with another number; they are acknowledged and not acted upon.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];
}
