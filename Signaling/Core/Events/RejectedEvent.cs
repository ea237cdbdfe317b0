namespace MediaRelay.Signaling.Events;

/// <summary>An event that was not stored.</summary>
/// <param name="Seq">Its sequence number, 0 when that was unreadable.</param>
/// <param name="Code">Stable reason, e.g. <c>schema</c>.</param>
/// <param name="Line">Line of the document.</param>
/// <param name="Text">One sentence for people.</param>
public sealed record RejectedEvent(ulong Seq, string Code, int Line, string Text);
