namespace MediaRelay.Load.Relay;

/// <summary>What the relay load runs.</summary>
internal sealed record LoadOptions
{
    public int Rounds { get; init; } = 3;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(2);

    public int Allocations { get; init; } = 100;

    /// <summary>Allocations of the storm; the memory rows use the same ones.</summary>
    public int Storm { get; init; } = 4000;

    /// <summary>Allocations made, refreshed and ended before the storm is measured, as a server that has been up for a while has seen them.</summary>
    public int Warm { get; init; } = 8000;

    /// <summary>Length of the soak at half load; zero for none.</summary>
    public TimeSpan Soak { get; init; }

    /// <summary>Below the 256 packets that a veth device queues, so that the link itself loses nothing.</summary>
    public int Window { get; init; } = 192;

    /// <summary>Real-time priority for the server, its receive threads and the generator: for machines that are busy with other work.</summary>
    public bool RealTime { get; init; }

    public required string Program { get; init; }

    public string ServerOptions { get; init; } = "";

    /// <summary>Names of rows to run; empty runs all.</summary>
    public IReadOnlyList<string> Rows { get; init; } = [];

    public bool Runs(string row) => Rows.Count == 0 || Rows.Any(name => row.Contains(name, StringComparison.OrdinalIgnoreCase));
}
