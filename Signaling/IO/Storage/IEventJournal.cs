using MediaRelay.Signaling.Events;
namespace MediaRelay.Signaling.IO.Storage;

/// <summary>The append-only journal of events. It is also the queue of everything that follows an event: a consumer reads from its own cursor.</summary>
public interface IEventJournal
{
    /// <summary>Appends a batch of one gateway; when the task completes the events are durable.</summary>
    /// <exception cref="StorageException">Nothing of the batch was stored.</exception>
    Task<AppendResult> AppendAsync(EventAppend append);

    /// <summary>Appends an event that the Event Server makes itself; it gets its own sequence number, and an id that no gateway can have taken before.</summary>
    Task<StoredEvent> AppendServerEventAsync(string gateway, SmaEvent draft, DateTimeOffset received);

    /// <summary>How far the events of a gateway's epoch are stored without a gap; 0 when the epoch is unknown.</summary>
    Task<ulong> ContiguousAsync(string gateway, string epoch);

    /// <summary>The gateway says that it does not hold events below this number any more; they are not asked for again.</summary>
    Task ForgetBelowAsync(string gateway, string epoch, ulong first);

    /// <summary>Events behind a position, ascending; purged ones are left out.</summary>
    IReadOnlyList<StoredEvent> Read(long after, int max);

    /// <summary>The newest events of one gateway before a position (null: from the end), descending.</summary>
    IReadOnlyList<StoredEvent> ReadGateway(string gateway, long? before, int max);

    /// <summary>One event by its id.</summary>
    StoredEvent? Find(string gateway, string eventId);

    /// <summary>Position of the last event.</summary>
    long LastPosition { get; }

    /// <summary>A consumer's cursor: everything up to it was acted upon. 0 when it never ran.</summary>
    long Cursor(string consumer);

    /// <summary>Moves a consumer's cursor forward.</summary>
    Task AdvanceAsync(string consumer, long position);

    /// <summary>The most events of one class whose content one call of <see cref="PurgeAsync"/> removes.</summary>
    const int PurgeStep = 5000;

    /// <summary>Removes the content of events that are older than their class allows; returns how many. When it is <see cref="PurgeStep"/> or more, others may be left.</summary>
    Task<int> PurgeAsync(EventRetention retention, DateTimeOffset utcNow);

    /// <summary>Checks every event's digest and the chain over all of them.</summary>
    JournalVerdict Verify();

    /// <summary>Where the chain ends now.</summary>
    ChainEnd End();

    /// <summary>Whether the chain still passes through an end that was noted once; the fault in words, null when it does.</summary>
    string? CheckEnd(ChainEnd end);
}
