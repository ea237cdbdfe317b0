using MediaRelay.Turn.Peers;

namespace MediaRelay.Turn.Requests;

/// <summary>The time to expiry that a client gets (RFC 8656 sections 7.2 and 8.2, RFC 7635 section 9).</summary>
internal static class Lifetimes
{
    /// <summary>
    /// What is left until the latest end of an allocation made with a credential that itself expires, or null. Without it, whoever
    /// once held such a credential could keep the allocation by refreshing it for ever.
    /// </summary>
    public static TimeSpan? UntilLatestEnd(CredentialKinds kind, TimeSpan created, TimeSpan now, RelayLimits limits)
    {
        if (kind == CredentialKinds.Static || limits.MaxSession <= TimeSpan.Zero)
        {
            return null;
        }

        // A second at least: 0 in the answer would say that the allocation is gone, which its timer says a moment later.
        var left = created + limits.MaxSession - now;
        return left > TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1);
    }

    /// <summary>The shorter of two bounds.</summary>
    public static TimeSpan? Shorter(TimeSpan? one, TimeSpan? other) => one is null || other < one ? other : one;

    /// <summary>The wish between default and maximum; 0 or no wish gives the default. What is left of a token or session is never exceeded.</summary>
    public static TimeSpan Grant(uint wishSeconds, RelayLimits limits, TimeSpan? most)
    {
        var wish = TimeSpan.FromSeconds(wishSeconds);
        var capped = wish < limits.MaxLifetime ? wish : limits.MaxLifetime;
        var granted = capped > limits.DefaultLifetime ? capped : limits.DefaultLifetime;
        if (granted > limits.MaxLifetime)
        {
            granted = limits.MaxLifetime;
        }

        return most is { } left && left < granted ? TimeSpan.FromSeconds(Math.Floor(left.TotalSeconds)) : granted;
    }
}
