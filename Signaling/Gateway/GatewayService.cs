using System.Security.Cryptography.X509Certificates;
using MediaRelay.Gateway.Queue;
using MediaRelay.Gateway.Sensors;
using MediaRelay.Gateway.Session;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Gateway;

/// <summary>Runs the gateway of one configuration file: enrols when it has no certificate, renews it in time, and works.</summary>
public sealed partial class GatewayService(GatewayFile file, IGatewayMedia media, IEnumerable<ISensorAdaptor> adaptors, TimeProvider time, ILogger<GatewayService> logger) : BackgroundService
{
    private static readonly TimeSpan s_enrolRetry = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_renewalCheck = TimeSpan.FromHours(6);

    private readonly ILogger _logger = logger;

    /// <summary>The gateway at work; null before it has an identity.</summary>
    public GatewayRuntime? Runtime { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using X509Certificate2 authority = X509CertificateLoader.LoadCertificateFromFile(file.Authority);
            Uri[] servers = [.. file.Servers.Select(server => new Uri(server))];
            string? password = file.PasswordFile is { } path ? (await File.ReadAllTextAsync(path, stoppingToken).ConfigureAwait(false)).Trim() : null;
            if (password is null && GatewayIdentity.Open(file.Folder) is null)
                await EnrolAsync(servers, authority, null, stoppingToken).ConfigureAwait(false);
            using var queue = new FileEventQueue(file.Folder);
            while (!stoppingToken.IsCancellationRequested)
            {
                X509Certificate2? certificate = password is null ? GatewayIdentity.Open(file.Folder) : null;
                using var link = new SmaHttpLink(file.Gateway, servers, authority, certificate, password, time);
                using var renewed = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                using var runtime = new GatewayRuntime(file.Profile() with { ClockFloor = SmaHttpLink.Floor(certificate) }, queue, link, [.. adaptors], media, time, _logger);
                Runtime = runtime;
                Task renewal = certificate is null ? Task.CompletedTask : RenewAsync(servers, authority, certificate, runtime, renewed, stoppingToken);
                await runtime.RunAsync(renewed.Token).ConfigureAwait(false);
                await renewal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task EnrolAsync(Uri[] servers, X509Certificate2 authority, X509Certificate2? old, CancellationToken stopping)
    {
        using var link = new SmaHttpLink(file.Gateway, servers, authority, old, null, time);
        while (true)
        {
            try
            {
                if (await GatewayIdentity.EnrolAsync(link, file.Gateway, old is null ? file.Claim : null, file.Folder, stopping).ConfigureAwait(false) is not { } refusal)
                {
                    LogEnrolled(file.Gateway);
                    return;
                }

                LogEnrolRefused(file.Gateway, refusal);
            }
            catch (IOException e)
            {
                LogEnrolUnanswered(e, file.Gateway);
                link.Alternate();
            }

            await Task.Delay(s_enrolRetry, time, stopping).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until the certificate is due, gets a new one with it, and lets the runtime start again with that.</summary>
    private async Task RenewAsync(Uri[] servers, X509Certificate2 authority, X509Certificate2 certificate, GatewayRuntime runtime, CancellationTokenSource renewed, CancellationToken stopping)
    {
        while (!GatewayIdentity.IsRenewalDue(certificate, runtime.UtcNow))
            await Task.Delay(s_renewalCheck, time, renewed.Token).ConfigureAwait(false);
        await EnrolAsync(servers, authority, certificate, stopping).ConfigureAwait(false);
        await renewed.CancelAsync().ConfigureAwait(false);
    }

    [LoggerMessage(5020, LogLevel.Information, "Gateway {Gateway} has a new certificate.", EventName = "GatewayEnrolled")]
    private partial void LogEnrolled(string gateway);

    [LoggerMessage(5021, LogLevel.Error, "The Event Server gave gateway {Gateway} no certificate: {Refusal} It is tried again in 15 s.", EventName = "EnrolmentRefused")]
    private partial void LogEnrolRefused(string gateway, string refusal);

    [LoggerMessage(5022, LogLevel.Warning, "No Event Server answered the enrolment of gateway {Gateway}; it is tried again in 15 s.", EventName = "EnrolmentUnanswered")]
    private partial void LogEnrolUnanswered(Exception exception, string gateway);
}
