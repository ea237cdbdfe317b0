using System.Net;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Http;
using MediaRelay.Qos.IO.Journal;
using MediaRelay.Qos.IO.Links;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Qos.IO;

/// <summary>Registers the integrated application manager.</summary>
public static class QosServices
{
    /// <summary>
    /// Adds <see cref="IApplicationManager"/> and its background service. An <see cref="IGateJournal"/> registered before is used in
    /// place of the file.
    /// </summary>
    public static IServiceCollection AddQos(this IServiceCollection services, QosOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IGateJournal>(_ => new FileGateJournal(options.JournalFile));
        services.AddSingleton(options);
        services.AddSingleton(s => new PolicyServerLink(
            ToSettings(options), [.. options.PolicyServers.Select(IPEndPoint.Parse)], s.GetRequiredService<IGateJournal>(),
            s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<PolicyServerLink>>(), s.GetService<LinkSecurity>()));
        services.AddLinkSecurity(LinkFiles.TryMake(options.TlsCertificateFile, options.TlsKeyFile, options.TlsAuthorityFile, "", out LinkFiles? files, out _) ? files : null);
        services.AddSingleton<IApplicationManager>(s => s.GetRequiredService<PolicyServerLink>());
        services.AddSingleton<QosMetrics>();
        services.AddHostedService<Starter>();
        return services;
    }

    /// <summary>TLS of this process's gate control links; nothing when no files are named. Files that cannot be used fail the start with a sentence.</summary>
    public static IServiceCollection AddLinkSecurity(this IServiceCollection services, LinkFiles? files)
    {
        if (files is null) return services;
        return services.AddSingleton(s => new LinkSecurity(files, s.GetService<TimeProvider>() ?? TimeProvider.System, s.GetRequiredService<ILogger<LinkSecurity>>()));
    }

    /// <summary>What is wrong with the files that the options name, a sentence each.</summary>
    public static IEnumerable<string> CheckFiles(QosOptions options)
    {
        if (LinkFiles.TryMake(options.TlsCertificateFile, options.TlsKeyFile, options.TlsAuthorityFile, "", out LinkFiles? files, out _) && files is not null && LinkSecurity.Check(files) is { } wrong) yield return wrong;
        string? fault = null;
        try
        {
            _ = QosEndpoints.ReadKey(options);
        }
        catch (FormatException unusable)
        {
            fault = unusable.Message;
        }
        if (fault is not null) yield return fault;
    }

    private static ApplicationManagerSettings ToSettings(QosOptions options) => new((ushort)options.ApplicationManagerTag)
    {
        ApplicationTypes = [.. options.ApplicationTypes.DefaultIfEmpty(0).Select(t => (ushort)t)],
        PolicyServerNames = [.. options.PolicyServerNames.Select(n => n.Length == 0 ? null : n)],
        RequestDeadline = options.RequestDeadline,
        AnswerTimeout = options.AnswerTimeout,
        MaxOutstanding = options.MaxOutstanding,
        OrphanGrace = options.OrphanGrace,
        SynchInterval = options.SynchInterval,
        ElementId = options.ElementId,
        Cops = new CopsSettings { KeepAlive = options.KeepAlive, DecisionFlags = (ushort)options.DecisionFlags },
    };

    private sealed class Starter(PolicyServerLink link, QosMetrics metrics) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            _ = metrics; // Made here so that the instruments exist from the start.
            return link.StartAsync(cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => link.DisposeAsync().AsTask();
    }
}
