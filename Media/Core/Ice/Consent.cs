namespace MediaRelay.Media.Ice;

/// <summary>
/// Consent freshness of RFC 7675: requests every 4 to 6 s on the pair in use and, before nomination, on every valid pair; consent is lost
/// 30 s after the last valid answer. A lite agent sends no checks: it counts the peer's valid requests and sends keep-alives.
/// </summary>
internal sealed class Consent(IceSession session, ConnectivityChecks checks)
{
    /// <summary>When a request, a keep-alive, a change to Disconnected or an expiry is due.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan? next = null;
            foreach (var pair in session.Current.Checks.Pairs)
                if (IsKept(pair)) next = Earlier(next, Due(pair));
            if (session.Current.Active is null && session.Previous?.Active is { } previous) next = Earlier(next, Due(previous));
            return next;
        }
    }

    public void HandleDeadline(TimeSpan now, List<IceCommand> commands)
    {
        foreach (var pair in session.Current.Checks.Pairs)
            if (IsKept(pair)) Keep(pair, now, commands);
        if (session.Previous?.Active is { } previous) Keep(previous, now, commands);
        ExpireAll(session.Current, now, commands);
        if (session.Previous is { } old) ExpireAll(old, now, commands);
        ShowLiveness(now, commands);
    }

    /// <summary>Shows missing answers as Disconnected, and the first answer after that as a working session again.</summary>
    public void ShowLiveness(TimeSpan now, List<IceCommand> commands)
    {
        if (session.Active is not { } pair) return;
        if (now >= QuietAt(pair))
        {
            if (session.State is IceState.Connected or IceState.Completed) session.SetState(IceState.Disconnected, commands);
        }
        else if (session.State == IceState.Disconnected)
            session.SetState(pair.IsNominated ? IceState.Completed : IceState.Connected, commands);
    }

    /// <summary>True while data may be sent over the pair.</summary>
    public bool IsFresh(CandidatePair pair, TimeSpan now) => now - pair.ConsentAt < session.Timings.ConsentExpiry;

    private bool IsKept(CandidatePair pair) => pair.IsValid && (pair == session.Current.Active || session.Current.Nominated is null);

    private TimeSpan Due(CandidatePair pair)
    {
        var due = Earlier(pair.NextConsent == default ? null : pair.NextConsent, pair.ConsentAt + session.Timings.ConsentExpiry);
        var isShown = session.State is IceState.Connected or IceState.Completed;
        return isShown && pair == session.Active ? Earlier(due, QuietAt(pair)) : due;
    }

    // The last valid answer, or for a lite agent the last valid request.
    private TimeSpan QuietAt(CandidatePair pair) => pair.ConsentAt + session.Timings.DisconnectedAfter;

    private void Keep(CandidatePair pair, TimeSpan now, List<IceCommand> commands)
    {
        if (pair.NextConsent == default) session.ScheduleConsent(pair, now);
        if (now < pair.NextConsent) return;
        session.ScheduleConsent(pair, now);
        if (session.IsLite) checks.SendIndication(pair, now, commands);
        else checks.SendConsent(pair, now, commands);
    }

    private void ExpireAll(Generation generation, TimeSpan now, List<IceCommand> commands)
    {
        var isLost = false;
        foreach (var pair in generation.Checks.Pairs)
        {
            if (!pair.IsValid || IsFresh(pair, now)) continue;
            pair.IsValid = pair.IsNominated = pair.IsProven = false;
            pair.State = PairState.Failed;
            if (generation.Nominated == pair) generation.Nominated = null;
            isLost |= generation.Active == pair;
        }
        if (!isLost) return;
        session.UpdateActive(generation, now, commands, withoutPair: IceState.Failed);
        if (generation == session.Previous && session.Current.Active is null && session.State is not IceState.Checking)
            session.SetState(IceState.Failed, commands);
    }

    private static TimeSpan Earlier(TimeSpan? a, TimeSpan b) => a is { } x && x < b ? x : b;
}
