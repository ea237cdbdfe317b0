namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Events to be appended.</summary>
/// <param name="Gateway">The gateway; it must be registered.</param>
/// <param name="Epoch">The epoch of its counter.</param>
/// <param name="Events">The events in the order in which they shall be stored.</param>
/// <param name="Received">When the server received them.</param>
public sealed record EventAppend(string Gateway, string Epoch, IReadOnlyList<PendingEvent> Events, DateTimeOffset Received);
