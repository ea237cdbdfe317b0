namespace MediaRelay.Load.Signaling;

/// <summary>What the signaling load was asked for.</summary>
internal sealed record SignalingLoadOptions
{
    /// <summary>Gateways that post events at the same time; 0 leaves the rows of events out.</summary>
    public int Connections { get; init; }

    /// <summary>Gateways that hold a GET; 0 leaves those rows out.</summary>
    public int Held { get; init; }

    public TimeSpan Length { get; init; }

    public TimeSpan WarmUp { get; init; }

    /// <summary>Names of rows; all when empty.</summary>
    public required IReadOnlyList<string> Rows { get; init; }

    public bool Runs(string row) => Rows.Count == 0 || Rows.Contains(row);
}
