using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Events;

/// <summary>The answer to a POST of events: everything up to <see cref="UpTo"/> is durable, and so is every posted event that is not listed as rejected.</summary>
public sealed record EventsAccepted
{
    /// <summary>The gateway.</summary>
    public required string Gateway { get; init; }

    /// <summary>The epoch the numbers belong to.</summary>
    public required string Epoch { get; init; }

    /// <summary>The highest number below which nothing is missing.</summary>
    public required ulong UpTo { get; init; }

    /// <summary>Numbers above it that have not arrived, at most 32 ranges.</summary>
    public IReadOnlyList<SeqRange> Missing { get; init; } = [];

    /// <summary>Events that were refused for good, which the sender must not send again; only those with the code <c>later</c> wait until the gap before them is filled.</summary>
    public IReadOnlyList<RejectedEvent> Rejected { get; init; } = [];

    /// <summary>Instructions that happened to wait; null when none.</summary>
    public InstructionBatch? Instructions { get; init; }
}
