using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace MediaRelay.Turn.IO;

/// <summary>Registers the TURN role.</summary>
public static class TurnServices
{
    /// <summary>Adds the relay with its metrics and health check; options must have been validated.</summary>
    public static IServiceCollection AddTurn(this IServiceCollection services, TurnOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<TurnServer>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<TurnServer>());
        services.AddSingleton<TurnMetrics>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<TurnMetrics>());
        services.AddHealthChecks().Add(new HealthCheckRegistration("turn", provider => new TurnHealth(provider.GetRequiredService<TurnServer>()), HealthStatus.Unhealthy, ["ready"]));
        return services;
    }
}
