namespace MediaRelay.Signaling.IO.Authority;

/// <summary>What to do with a request that came without a client certificate.</summary>
internal enum DigestOutcome
{
    /// <summary>The gateway is who it says.</summary>
    Accepted,

    /// <summary>Answer 401 with challenges.</summary>
    Challenge,

    /// <summary>Answer 401 with challenges; the attempt was counted.</summary>
    Refused,

    /// <summary>Answer 429.</summary>
    TooManyFailures,
}

/// <summary>The outcome, whether the nonce was only too old, and the Authentication-Info of a success.</summary>
internal readonly record struct DigestVerdict(DigestOutcome Outcome, bool IsStale, string? Info);
