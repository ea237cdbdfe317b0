namespace MediaRelay.Gateway.Session;

/// <summary>Requests to the Event Server; the simulator puts its faults between.</summary>
public interface ISmaLink : IDisposable
{
    /// <summary>Sends one request.</summary>
    /// <exception cref="IOException">No answer came, whatever the reason.</exception>
    Task<SmaAnswer> SendAsync(string method, string path, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string>? headers, TimeSpan patience, CancellationToken cancellation);

    /// <summary>Uses the other server from now on, when there is one.</summary>
    void Alternate();
}
