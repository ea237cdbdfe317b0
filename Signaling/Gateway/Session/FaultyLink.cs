namespace MediaRelay.Gateway.Session;

/// <summary>Puts loss, duplicates and overtaking between a gateway and the server.</summary>
#pragma warning disable CA5394 // Simulated faults need a seed, not secrecy.
public sealed class FaultyLink(ISmaLink inner, SimulatedFaults faults, int seed) : ISmaLink
{
    private readonly Random _random = new(seed);

    /// <summary>Requests that were lost, doubled or held back.</summary>
    public long Injected { get; private set; }

    public async Task<SmaAnswer> SendAsync(string method, string path, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string>? headers, TimeSpan patience, CancellationToken cancellation)
    {
        if (Hits(faults.LostRequests))
            throw new IOException("The request was lost (simulated).");
        if (method == "POST" && Hits(faults.Reordered))
            await Task.Delay(_random.Next(20, 200), cancellation).ConfigureAwait(false);
        if (method == "POST" && Hits(faults.Duplicates))
            await inner.SendAsync(method, path, body, headers, patience, cancellation).ConfigureAwait(false);
        SmaAnswer answer = await inner.SendAsync(method, path, body, headers, patience, cancellation).ConfigureAwait(false);
        return Hits(faults.LostAnswers) ? throw new IOException("The answer was lost (simulated).") : answer;
    }

    public void Alternate() => inner.Alternate();

    public void Dispose() => inner.Dispose();

    private bool Hits(double share)
    {
        lock (_random)
        {
            if (share <= 0 || _random.NextDouble() >= share)
                return false;
            Injected++;
            return true;
        }
    }
}
#pragma warning restore CA5394
