namespace MediaRelay.Qos.Pcmm;

/// <summary>Policy server identifier, unique and from the same numbers as AMIDs (PCMM I05 section 6.4.2.17).</summary>
public readonly record struct Psid(uint Value);
