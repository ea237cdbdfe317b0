using MediaRelay.Signaling.Contract;

namespace MediaRelay.Signaling.Events;

/// <summary>The document of one POST: events of one gateway and epoch, and those of them that could not be read.</summary>
/// <param name="Gateway">The gateway's id as the document says it.</param>
/// <param name="Epoch">Token of the sender's counter.</param>
/// <param name="Events">The readable events, in document order.</param>
/// <param name="Rejected">The unreadable ones.</param>
public sealed record EventBatch(string Gateway, string Epoch, IReadOnlyList<SmaEvent> Events, IReadOnlyList<RejectedEvent> Rejected);
