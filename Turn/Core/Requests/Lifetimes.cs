namespace MediaRelay.Turn.Requests;

/// <summary>The time to expiry that a client gets (RFC 8656 sections 7.2 and 8.2, RFC 7635 section 9).</summary>
internal static class Lifetimes
{
    /// <summary>The wish between default and maximum; 0 or no wish gives the default. A token's remaining time is never exceeded.</summary>
    public static TimeSpan Grant(uint wishSeconds, RelayLimits limits, TimeSpan? tokenLifetime)
    {
        var wish = TimeSpan.FromSeconds(wishSeconds);
        var capped = wish < limits.MaxLifetime ? wish : limits.MaxLifetime;
        var granted = capped > limits.DefaultLifetime ? capped : limits.DefaultLifetime;
        if (granted > limits.MaxLifetime)
        {
            granted = limits.MaxLifetime;
        }

        return tokenLifetime is { } token && token < granted ? TimeSpan.FromSeconds(Math.Floor(token.TotalSeconds)) : granted;
    }
}
