using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MediaRelay.Server.Hosting;

/// <summary>Shows a starved thread pool: queues one work item and reports how long it waited. Media threads do not use the pool and go on.</summary>
internal sealed class ThreadPoolHealth(TimeProvider time) : IHealthCheck
{
    private static readonly TimeSpan Degraded = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Unhealthy = TimeSpan.FromSeconds(5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var queued = time.GetTimestamp();
        var done = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.UnsafeQueueUserWorkItem(_ => done.TrySetResult(time.GetElapsedTime(queued)), null);
        var waited = await done.Task.WaitAsync(cancellationToken);
        var detail = $"a work item waited {waited.TotalMilliseconds:F1} ms, {ThreadPool.PendingWorkItemCount} pending";
        return waited >= Unhealthy ? HealthCheckResult.Unhealthy(detail)
            : waited >= Degraded ? HealthCheckResult.Degraded(detail)
            : HealthCheckResult.Healthy(detail);
    }
}
