using MediaRelay.Signaling.Sessions;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>What the viewer's request gets: an answer, or why there is none.</summary>
internal readonly record struct SessionOutcome(string? Answer, SessionFailure? Failure);
