namespace MediaRelay.Signaling.Incidents;

/// <summary>What became of a request of a person.</summary>
/// <param name="Incident">The incident afterwards, to be stored; null when refused.</param>
/// <param name="Refusal">Why it was refused, one sentence; null when it was done.</param>
public readonly record struct IncidentResult(Incident? Incident, string? Refusal);
