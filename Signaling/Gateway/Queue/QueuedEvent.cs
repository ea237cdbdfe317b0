namespace MediaRelay.Gateway.Queue;

/// <summary>An event that the server has not acknowledged.</summary>
/// <param name="Seq">Its number.</param>
/// <param name="IsAlarm">True for the class that goes first.</param>
/// <param name="Made">When it was made, for the end of its keeping.</param>
/// <param name="Element">The event element, as XML.</param>
public sealed record QueuedEvent(ulong Seq, bool IsAlarm, DateTimeOffset Made, byte[] Element);
