namespace MediaRelay.Media.Ice;

/// <summary>
/// When the controlling agent nominates (RFC 8445 section 8.1.1). Data flows over the best valid pair before that, so nomination can wait
/// a moment for a better pair; exactly one pair is nominated per generation.
/// </summary>
internal sealed class Nomination(IceSession session, ConnectivityChecks checks)
{
    /// <summary>When the waiting ends; null when nothing waits to be nominated.</summary>
    public TimeSpan? NextDeadline => Waiting is { } pair ? WindowEnd(pair) : null;

    private CandidatePair? Waiting
    {
        get
        {
            var generation = session.Current;
            if (session.IsLite || session.Role != IceRole.Controlling || generation.Nominated is not null) return null;
            return generation.Nominating is null ? generation.Active : null;
        }
    }

    /// <summary>Nominates when the best valid pair cannot get better or the window has passed.</summary>
    public void HandleDeadline(bool isGathering, TimeSpan now, List<IceCommand> commands)
    {
        if (Waiting is not { } pair) return;
        var generation = pair.Generation;
        var canImprove = generation.Checks.HasPendingAbove(pair.Priority)
            || (pair.IsRelayed && (isGathering || !generation.RemoteEnded));
        if (canImprove && now < WindowEnd(pair)) return;
        generation.Nominating = pair;
        checks.SendCheck(pair, nominates: true, now, commands);
    }

    private TimeSpan WindowEnd(CandidatePair pair) =>
        pair.ValidSince + (pair.IsRelayed ? session.Timings.RelayNominationWindow : session.Timings.NominationWindow);
}
