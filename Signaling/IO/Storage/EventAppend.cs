namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Events to be appended.</summary>
/// <param name="Gateway">The gateway; it must be registered.</param>
/// <param name="Epoch">The epoch of its counter.</param>
/// <param name="Events">The events in the order in which they shall be stored.</param>
/// <param name="Received">When the server received them.</param>
public sealed record EventAppend(string Gateway, string Epoch, IReadOnlyList<PendingEvent> Events, DateTimeOffset Received)
{
    /// <summary>Numbers whose events could not be read and will not come again; they are not missed. 0 stands for none.</summary>
    public IReadOnlyList<ulong> Refused { get; init; } = [];
}
