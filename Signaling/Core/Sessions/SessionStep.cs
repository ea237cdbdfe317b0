namespace MediaRelay.Signaling.Sessions;

/// <summary>When a step of the look-in was reached.</summary>
/// <param name="Name">e.g. <c>offered</c>, <c>answered</c>, <c>ice</c>, <c>dtls</c>, <c>gate</c>, <c>first-packet</c>, <c>first-frame</c>.</param>
/// <param name="After">Time since the request.</param>
public readonly record struct SessionStep(string Name, TimeSpan After);
