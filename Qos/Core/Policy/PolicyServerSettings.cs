using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <summary>Parameters of a policy server.</summary>
/// <param name="Psid">Its identity towards CMTSs, unique and from the same numbers as AMIDs.</param>
/// <param name="Routes">Which CMTS (place in the list, from 0) serves which subscribers; the longest prefix wins.</param>
public sealed record PolicyServerSettings(Psid Psid, IReadOnlyList<(SubscriberPrefix Subscribers, int Cmts)> Routes)
{
    public int CmtsCount { get; init; } = 1;

    /// <summary>PEPID that each CMTS has to give itself, in the order of the routes' numbers; null or missing = any.</summary>
    public IReadOnlyList<string?> CmtsNames { get; init; } = [];

    /// <summary>By when a CMTS has to answer; then the application manager gets error 18.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Commands that may wait for one CMTS; beyond it the application manager gets error 18.</summary>
    public int MaxOutstanding { get; init; } = 1000;

    /// <summary>Reports kept until an application manager confirms them; beyond it incremental synchronisation gives error 26.</summary>
    public int MaxUndelivered { get; init; } = 10_000;

    /// <summary>Event element id of this policy server, kept with every decision; 0 = none.</summary>
    public int ElementId { get; init; }

    /// <summary>Northbound session: name, offered versions.</summary>
    public CopsSettings North { get; init; } = new("policy-server");

    /// <summary>Southbound sessions: keep-alive, accepted versions.</summary>
    public CopsSettings South { get; init; } = new();
}
