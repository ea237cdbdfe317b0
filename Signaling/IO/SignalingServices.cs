using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;
using MediaRelay.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO;

/// <summary>Registers the signaling role.</summary>
public static class SignalingServices
{
    /// <summary>Adds storage, the links to gateways and their listener.</summary>
    /// <param name="services">The container.</param>
    /// <param name="options">The checked section <c>Signaling</c>.</param>
    /// <param name="dataFolder">Folder of the database, keys and clips.</param>
    public static IServiceCollection AddSignaling(this IServiceCollection services, SignalingOptions options, string dataFolder)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton<SignalingMetrics>();
        services.AddSingleton(_ => SqliteStorage.Open(dataFolder));
        services.AddSingleton<IStorage>(provider => provider.GetRequiredService<SqliteStorage>());
        services.AddSingleton(_ => new ChainEnds(options.ChainEndsFile.Length > 0 ? options.ChainEndsFile : Path.Combine(dataFolder, ChainEnds.FileName)));
        services.AddSingleton(_ => SecretBox.Open(Path.Combine(dataFolder, "secrets.key")));
        services.AddSingleton(_ => new ClipStore(Path.Combine(dataFolder, "clips"), options.MaxClipBytes, options.ClipQuotaBytes));
        services.AddSingleton<GatewayLinks>();
        services.AddHostedService(provider => provider.GetRequiredService<GatewayLinks>());
        services.AddHostedService<PropertyProjector>();
        services.AddHostedService<JournalKeeper>();
        services.AddHealthChecks().AddCheck<StorageHealth>("storage");
        string authority = options.AuthorityFolder.Length > 0 ? options.AuthorityFolder : Path.Combine(dataFolder, "authority");
        // A node without gateways needs the authority only when it has one: for the portal's certificate.
        if (options.GatewayListen.Length > 0 || File.Exists(Path.Combine(authority, "ca.crt")))
            services.AddSingleton(_ => OperatorAuthority.Open(authority));
        if (options.GatewayListen.Length == 0)
            return services;
        services.AddSingleton(provider => new EventServer(
            options, dataFolder, provider.GetRequiredService<OperatorAuthority>(), provider.GetRequiredService<SecretBox>(), provider.GetRequiredService<GatewayLinks>(),
            provider.GetRequiredService<IStorage>(), provider.GetRequiredService<ClipStore>(), provider.GetRequiredService<SignalingMetrics>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<EventServer>());
        return services;
    }

    /// <summary>What is wrong with the files that the options name, a sentence each. Files that the first start makes are not asked for.</summary>
    public static IEnumerable<string> CheckFiles(SignalingOptions options)
    {
        if (RelayDirectory.Check(options) is { } secret)
            yield return secret;
        (string Certificate, string Key, string Name)[] pairs =
        [
            (options.GatewayListen.Length > 0 ? options.ServerCertificate : "", options.ServerKey, "Signaling:ServerCertificate"),
            (options.PortalListen.Length > 0 ? options.PortalCertificate : "", options.PortalKey, "Signaling:PortalCertificate"),
        ];
        foreach ((string certificate, string key, string name) in pairs.Where(pair => pair.Certificate.Length > 0))
        {
            if (Unusable(certificate, key, $"{name} {certificate} with key {key}") is { } fault)
                yield return fault;
        }
    }

    private static string? Unusable(string certificate, string key, string subject)
    {
        try
        {
            _ = CertificatePair.Read(certificate, key, subject);
            return null;
        }
        catch (FormatException fault)
        {
            return fault.Message;
        }
    }
}
