using MediaRelay.Qos.Gates;

namespace MediaRelay.Signaling.Sessions;

/// <summary>The gates of a session, and in words what could not be planned exactly.</summary>
/// <param name="Gates">One for each direction of each five-tuple that carries media.</param>
/// <param name="Notes">Sentences for the session's log, e.g. that audio and video share a gate; empty when there is nothing to say.</param>
public sealed record FlowPlan(IReadOnlyList<GateRequest> Gates, IReadOnlyList<string> Notes);
