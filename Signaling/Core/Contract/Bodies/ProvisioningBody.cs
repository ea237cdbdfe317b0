namespace MediaRelay.Signaling.Contract;

/// <summary>Configuration, firmware, reboot or log upload: wanted, or reported.</summary>
public sealed record ProvisioningBody : MessageBody
{
    /// <summary>Version wanted or active.</summary>
    public string? Version { get; init; }

    /// <summary>Where the content is.</summary>
    public string? Url { get; init; }

    /// <summary>SHA-256 of the content.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Start of the window in which it may be done.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>End of that window.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>In reports: <c>factory</c>, <c>authenticated</c>, <c>configured</c>, <c>online</c>, <c>degraded</c> ...</summary>
    public string? State { get; init; }

    /// <summary>In reports: the last step tried.</summary>
    public string? Step { get; init; }

    /// <summary>In reports: what went wrong, for the operator.</summary>
    public string? Detail { get; init; }
}
