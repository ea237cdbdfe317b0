namespace MediaRelay.Media.Ice;

/// <summary>The priority formulas of RFC 8445 sections 5.1.2 and 6.1.2.3.</summary>
internal static class IcePriority
{
    public static uint TypePreference(CandidateType type) => type switch
    {
        CandidateType.Host => 126,
        CandidateType.PeerReflexive => 110,
        CandidateType.ServerReflexive => 100,
        _ => 0,
    };

    public static uint OfCandidate(CandidateType type, int localPreference, int component) =>
        (TypePreference(type) << 24) + ((uint)localPreference << 8) + (uint)(256 - component);

    /// <summary>The same candidate's priority as if it were of another type.</summary>
    public static uint WithType(uint priority, CandidateType type) => (priority & 0x00FF_FFFF) | (TypePreference(type) << 24);

    public static ulong OfPair(uint controlling, uint controlled) =>
        ((ulong)Math.Min(controlling, controlled) << 32) + (2UL * Math.Max(controlling, controlled)) + (controlling > controlled ? 1UL : 0UL);
}
