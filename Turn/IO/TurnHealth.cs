using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MediaRelay.Turn.IO;

/// <summary>Healthy while every shard turns its loop (at least once in five seconds) and the node is not draining.</summary>
internal sealed class TurnHealth(TurnServer server) : IHealthCheck
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var stuck = server.Shards.Where(shard => shard.Idle > Longest).Select(shard => shard.Index).ToList();
        if (stuck.Count > 0)
            return Task.FromResult(HealthCheckResult.Unhealthy($"Relay shard {string.Join(", ", stuck)} has not turned for {Longest.TotalSeconds} s."));
        if (server.Shards.Count == 0)
            return Task.FromResult(HealthCheckResult.Unhealthy("The relay has not started."));
        return Task.FromResult(HealthCheckResult.Healthy($"{server.Shards.Sum(shard => shard.Allocations)} allocations on {server.Shards.Count} shards."));
    }
}
