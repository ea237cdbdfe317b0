using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Registers the portal, its API and what follows events: homes and incidents. Call after <see cref="SignalingServices.AddSignaling"/>.</summary>
public static class PortalServices
{
    /// <summary>Adds the portal. <paramref name="pages"/> are its static files, null for an API without pages.</summary>
    public static IServiceCollection AddPortal(this IServiceCollection services, SignalingOptions options, string dataFolder, IFileProvider? pages)
    {
        services.AddSingleton<PortalSessions>();
        services.AddSingleton<PortalUsers>();
        services.AddSingleton<PortalTokens>();
        services.AddSingleton<PortalFeed>();
        services.AddSingleton<PortalGuard>();
        services.AddSingleton<HomeRecords>();
        services.AddSingleton<SilentAlarms>();
        services.AddSingleton<HomeViews>();
        services.AddSingleton<LookInLog>();
        services.AddSingleton<AccessGate>();
        services.AddSingleton<HomeKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<HomeKeeper>());
        services.AddSingleton<StillLog>();
        services.AddSingleton<IPortalModule, SessionModule>();
        services.AddSingleton<IPortalModule, TokenModule>();
        services.AddSingleton<InstructionDesk>();
        services.AddSingleton<IPortalModule, HomeModule>();
        services.AddSingleton<IPortalModule, ZoneModule>();
        services.AddSingleton<IPortalModule, CodeModule>();
        services.AddSingleton<IPortalModule, IncidentModule>();
        services.AddSingleton<IPortalModule, UserModule>();
        services.AddSingleton<IPortalModule, OperatorModule>();
        services.AddSingleton<IPortalModule, ConnectivityModule>();
        services.AddSingleton<IPortalModule>(provider => new BandwidthModule(
            provider.GetService<INetworkGates>(), provider.GetRequiredService<HomeRecords>(), provider.GetRequiredService<GatewayLinks>(), provider.GetRequiredService<AccessGate>(),
            provider.GetRequiredService<PortalFeed>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<RelayDirectory>();
        services.AddSingleton<SessionMetrics>();
        services.AddSingleton(provider => new SessionHost(
            provider.GetRequiredService<GatewayLinks>(), provider.GetRequiredService<AccessGate>(), provider.GetRequiredService<HomeKeeper>(), provider.GetRequiredService<LookInLog>(),
            provider.GetRequiredService<PortalSessions>(), provider.GetRequiredService<HomeRecords>(), provider.GetService<ISessionGates>(), options, provider.GetRequiredService<SessionMetrics>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<SessionHost>>()));
        services.AddHostedService(provider => provider.GetRequiredService<SessionHost>());
        services.AddSingleton<SessionReservations>();
        services.AddSingleton<IPortalModule, WhepModule>();
        services.AddSingleton<IPortalModule>(provider => new PictureModule(
            provider.GetRequiredService<HomeRecords>(), provider.GetRequiredService<GatewayLinks>(), provider.GetRequiredService<AccessGate>(), provider.GetRequiredService<IStorage>(),
            provider.GetRequiredService<PortalSessions>(), provider.GetRequiredService<StillLog>(), provider.GetRequiredService<SilentAlarms>(), provider.GetRequiredService<ClipStore>(), provider.GetRequiredService<TimeProvider>()));
        if (options.PortalListen.Length == 0)
            return services;
        string folder = options.AuthorityFolder.Length > 0 ? options.AuthorityFolder : Path.Combine(dataFolder, "authority");
        services.AddSingleton(provider => new PortalServer(
            options, folder, provider.GetService<OperatorAuthority>(), provider.GetRequiredService<PortalGuard>(), provider.GetServices<IPortalModule>(), pages,
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<PortalServer>());
        return services;
    }
}
