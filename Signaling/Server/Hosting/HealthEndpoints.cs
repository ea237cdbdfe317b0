using System.Reflection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MediaRelay.Server.Hosting;

/// <summary>
/// /healthz answers 200 while the process works (all checks), /readyz answers 200 while new work is welcome: 503 from the first moment
/// of a drain, and while a check tagged <c>ready</c> fails.
/// </summary>
internal static class HealthEndpoints
{
    public static void Map(WebApplication app, string[] roles)
    {
        var started = TimeProvider.System.GetTimestamp();
        app.MapGet("/healthz", async (HealthCheckService checks, CancellationToken stop) =>
            Answer(await checks.CheckHealthAsync(stop), roles, started, draining: false));
        app.MapGet("/readyz", async (HealthCheckService checks, IHostApplicationLifetime lifetime, CancellationToken stop) =>
            Answer(await checks.CheckHealthAsync(c => c.Tags.Contains("ready"), stop), roles, started,
                draining: lifetime.ApplicationStopping.IsCancellationRequested || !lifetime.ApplicationStarted.IsCancellationRequested));
    }

    private static IResult Answer(HealthReport report, string[] roles, long started, bool draining)
    {
        var failed = draining || report.Status == HealthStatus.Unhealthy;
        return Results.Json(
            new
            {
                status = draining ? "draining" : report.Status == HealthStatus.Healthy ? "ok" : report.Status.ToString().ToLowerInvariant(),
                version = Assembly.GetExecutingAssembly().GetName().Version?.ToString(3),
                uptimeSeconds = Math.Round(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 1),
                roles,
                checks = report.Entries.ToDictionary(e => e.Key, e => new { status = e.Value.Status.ToString().ToLowerInvariant(), detail = e.Value.Description }),
            },
            statusCode: failed ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }
}
