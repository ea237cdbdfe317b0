namespace MediaRelay.Signaling.IO.Portal;

/// <summary>A logged-in person, or a token that stands for one.</summary>
public sealed class PortalSession
{
    internal PortalSession(PortalUser user, string csrf, TimeSpan started, TimeSpan ends, bool isToken)
    {
        (User, Csrf, Started, Ends, IsToken, LastUsed) = (user, csrf, started, ends, isToken, started);
    }

    /// <summary>Who.</summary>
    public PortalUser User { get; internal set; }

    /// <summary>Sent back in a header with every change.</summary>
    public string Csrf { get; }

    /// <summary>True for a bearer token, which no browser sends by itself.</summary>
    public bool IsToken { get; }

    internal TimeSpan Started { get; }

    internal TimeSpan Ends { get; }

    internal TimeSpan LastUsed { get; set; }

    /// <summary>When a second factor was last given (monotonic), null when never.</summary>
    internal TimeSpan? SecondFactorAt { get; set; }

    internal long LastSecondFactorStep { get; set; }

    /// <summary>A secret being enrolled, until its first code confirms it.</summary>
    internal byte[]? PendingSecondFactor { get; set; }
}
