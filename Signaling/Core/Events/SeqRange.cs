namespace MediaRelay.Signaling.Events;

/// <summary>Sequence numbers from one to another, both included.</summary>
public readonly record struct SeqRange(ulong From, ulong To);
