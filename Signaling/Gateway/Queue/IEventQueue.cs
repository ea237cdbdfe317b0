namespace MediaRelay.Gateway.Queue;

/// <summary>What a gateway must not forget: its events until they are acknowledged, the instructions it began and finished, and the values of the home core.</summary>
/// <remarks>One owner at a time. Nothing counts before <see cref="Flush"/> has returned.</remarks>
public interface IEventQueue : IDisposable
{
    /// <summary>Token of the event numbers; made new when the queue or its counter was lost.</summary>
    string Epoch { get; }

    /// <summary>The last number given.</summary>
    ulong LastEvent { get; }

    /// <summary>The oldest event still held, or one more than the last.</summary>
    ulong FirstEvent { get; }

    /// <summary>Events that are not acknowledged, ascending.</summary>
    IReadOnlyCollection<QueuedEvent> Events { get; }

    /// <summary>Epoch of the instructions; null before the first.</summary>
    string? InstructionEpoch { get; }

    /// <summary>Which instructions were begun.</summary>
    EventSequence Instructions { get; }

    /// <summary>Instructions that were begun before the last start and never finished, by number and id.</summary>
    IReadOnlyDictionary<ulong, string> Unfinished { get; }

    /// <summary>Values of the home core.</summary>
    IReadOnlyDictionary<string, byte[]> Kept { get; }

    /// <summary>True when so much waits that <see cref="Trim"/> should not be put off.</summary>
    bool IsOverfull { get; }

    /// <summary>Gives the event its number and id and appends it.</summary>
    SmaEvent Append(SmaEvent draft);

    /// <summary>An event that waits gets other content under its number.</summary>
    void Replace(QueuedEvent queued);

    /// <summary>The counter was lost: what waits is numbered anew, from 1 under a new token.</summary>
    void StartEpoch();

    /// <summary>Everything up to the number is stored by the server.</summary>
    void AcknowledgeUpTo(ulong seq);

    /// <summary>One event is stored, or refused for good, by the server.</summary>
    void Acknowledge(ulong seq);

    /// <summary>The server counts instructions anew, or we do.</summary>
    void StartInstructions(string epoch, ulong done);

    /// <summary>The instruction will be carried out now; it is never begun twice.</summary>
    void Begin(ulong seq, string id);

    /// <summary>True when an instruction of this id was begun, under whatever number; the last <see cref="MemoryEventQueue.MostRecent"/> are remembered.</summary>
    bool WasBegun(string id);

    /// <summary>Instructions below the number will never come.</summary>
    void SkipInstructionsBelow(ulong seq);

    /// <summary>The instruction's result is queued.</summary>
    void Finish(string id);

    /// <summary>Keeps or forgets a value.</summary>
    void Keep(string key, byte[]? value);

    /// <summary>Drops events that are too old or too many; alarms last. Events made without a clock have no age until they get their times.</summary>
    void Trim(DateTimeOffset utcNow);

    /// <summary>Makes everything before it durable.</summary>
    void Flush();
}
