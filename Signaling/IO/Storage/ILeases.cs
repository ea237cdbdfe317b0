namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Named rights with an end, for work that only one node of a cluster may do.</summary>
public interface ILeases
{
    /// <summary>Takes or renews the lease; null when another owner holds it. The token grows with every change of owner, so that a late write of an old owner can be refused.</summary>
    Task<long?> TryAcquireAsync(string name, string owner, TimeSpan duration, DateTimeOffset utcNow);

    /// <summary>Gives it back early; harmless when it is not held.</summary>
    Task ReleaseAsync(string name, string owner);
}
