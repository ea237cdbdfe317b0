namespace MediaRelay.Gateway.Session;

/// <summary>How badly a simulated network and gateway behave; all shares are 0 to 1.</summary>
public sealed record SimulatedFaults
{
    /// <summary>Share of requests that are lost before the server sees them.</summary>
    public double LostRequests { get; init; }

    /// <summary>Share of answers that are lost after the server acted.</summary>
    public double LostAnswers { get; init; }

    /// <summary>Share of posts that are sent twice.</summary>
    public double Duplicates { get; init; }

    /// <summary>Share of posts that are held back so that a later one overtakes them.</summary>
    public double Reordered { get; init; }
}
