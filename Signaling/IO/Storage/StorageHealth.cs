using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Says whether a durable write can be expected to succeed; without it nothing is accepted.</summary>
internal sealed class StorageHealth(IStorage storage) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        storage.IsWritable ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("The last write could not be made durable. Look for a full or read-only disk."));
}
