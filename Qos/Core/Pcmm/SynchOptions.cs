namespace MediaRelay.Qos.Pcmm;

/// <summary>How a synchronisation is wanted (PCMM I05 section 6.4.2.18).</summary>
/// <param name="IsComplete">Reports carry the whole gate, not only its state.</param>
/// <param name="IsIncremental">Only unconfirmed reports, not all gates.</param>
internal readonly record struct SynchOptions(bool IsComplete, bool IsIncremental);
