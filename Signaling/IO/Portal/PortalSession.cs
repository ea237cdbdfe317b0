namespace MediaRelay.Signaling.IO.Portal;

/// <summary>A logged-in person, or a token that stands for one.</summary>
public sealed class PortalSession
{
    internal PortalSession(PortalUser user, string key, string csrf, TimeSpan started, TimeSpan ends, bool isToken)
    {
        (User, Key, Csrf, Started, Ends, IsToken, LastUsed) = (user, key, csrf, started, ends, isToken, started);
    }

    /// <summary>Who, as the account was read last.</summary>
    public PortalUser User { get; internal set; }

    /// <summary>Sent back in a header with every change.</summary>
    public string Csrf { get; }

    /// <summary>True for a bearer token, which no browser sends by itself.</summary>
    public bool IsToken { get; }

    /// <summary>True for a token that was given to a player: it looks in and does nothing else.</summary>
    public bool IsForPlayers { get; init; }

    /// <summary>Hash of the id that is in force.</summary>
    internal string Key { get; set; }

    internal TimeSpan Started { get; }

    internal TimeSpan Ends { get; }

    internal TimeSpan LastUsed { get; set; }

    internal bool IsEnded { get; set; }

    /// <summary>When a second factor was last given (monotonic), null when never.</summary>
    internal TimeSpan? SecondFactorAt { get; set; }

    /// <summary>A secret being enrolled, until its first code confirms it.</summary>
    internal byte[]? PendingSecondFactor { get; set; }
}
