namespace MediaRelay.Gateway.Session;

/// <summary>A server's answer.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The document.</param>
/// <param name="RetryAfter">When to come back, when the server says.</param>
/// <param name="Headers">Other headers.</param>
public sealed record SmaAnswer(int Status, byte[] Body, TimeSpan? RetryAfter, IReadOnlyDictionary<string, string> Headers);
