using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>The listener for gateways: its own HTTP server, so that its limits and its certificates are its own.</summary>
public sealed partial class EventServer : IHostedLifecycleService, IAsyncDisposable
{
    private static readonly TimeSpan s_reload = TimeSpan.FromSeconds(30);

    private readonly SignalingOptions _options;
    private readonly OperatorAuthority _authority;
    private readonly GatewayLinks _links;
    private readonly GatewayEndpoints _endpoints;
    private readonly ConnectionGate _gate;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger<EventServer> _logger;
    private readonly string _authorityFolder;
    private SslServerAuthenticationOptions _tls = new();
    private DateTime _certificateStamp;
    private WebApplication? _app;
    private Timer? _reload;

    /// <summary>Prepares the server; nothing listens before <see cref="StartAsync"/>.</summary>
    internal EventServer(SignalingOptions options, string dataFolder, OperatorAuthority authority, SecretBox box, GatewayLinks links, IStorage storage, ClipStore clips, SignalingMetrics metrics, ILoggerFactory loggers)
    {
        _options = options;
        _authority = authority;
        _links = links;
        _loggers = loggers;
        _logger = loggers.CreateLogger<EventServer>();
        _authorityFolder = options.AuthorityFolder.Length > 0 ? options.AuthorityFolder : Path.Combine(dataFolder, "authority");
        _gate = new ConnectionGate(options.MaxUnauthenticatedPerAddress, options.ConcurrentHandshakes);
        _endpoints = new GatewayEndpoints(links, storage, clips, options, authority, box, metrics, dataFolder, loggers.CreateLogger<GatewayEndpoints>());
        metrics.Observe("signaling.gateways.connected", () => links.Connected, "{gateway}", "Gateways that are connected.");
        metrics.Observe("signaling.requests.held", () => links.HeldRequests, "{request}", "GETs for instructions that are held.");
        metrics.Observe("signaling.instructions.waiting", () => links.WaitingInstructions, "{instruction}", "Instructions that wait for the gateways this node has heard.");
        metrics.Observe("signaling.instructions.refused", () => links.RefusedInstructions, "{instruction}", "Instructions refused because too many waited for their gateway.");
        metrics.Observe("signaling.connections.refused", () => _gate.Refused, "{connection}", "Connections closed before TLS.");
    }

    /// <summary>Where it listens; port 0 of the configuration is replaced by the real one after the start.</summary>
    public IPEndPoint? Endpoint { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _ = IdleTlsBuffers.TryRelease();
        LoadCertificate();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "mediarelay-gateways" });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.Services.AddSingleton(_loggers);
        builder.WebHost.ConfigureKestrel(Configure);
        _app = builder.Build();
        _app.Run(_endpoints.HandleAsync);
        await _app.StartAsync(cancellationToken).ConfigureAwait(false);
        string address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        var uri = new Uri(address);
        Endpoint = new IPEndPoint(IPAddress.TryParse(uri.Host.Trim('[', ']'), out IPAddress? ip) ? ip : IPAddress.IPv6Any, uri.Port);
        _reload = new Timer(_ => Reload(), null, s_reload, s_reload);
        LogListening(Endpoint);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Held requests are answered and no new session starts, while posts of events still are taken.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        _endpoints.IsDraining = true;
        _links.EndHeldRequests();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _endpoints.IsDraining = true;
        _links.EndHeldRequests();
        if (_app is not null)
            await _app.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_reload is not null)
            await _reload.DisposeAsync().ConfigureAwait(false);
        if (_app is not null)
            await _app.DisposeAsync().ConfigureAwait(false);
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        KestrelServerLimits limits = kestrel.Limits;
        limits.MaxRequestBodySize = Contract.SmaContract.MaxBody;
        limits.MaxRequestLineSize = 4096;
        limits.MaxRequestHeadersTotalSize = 16_384;
        limits.MaxRequestHeaderCount = 60;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);
        limits.MinRequestBodyDataRate = new MinDataRate(1024, TimeSpan.FromSeconds(3));
        limits.MaxConcurrentConnections = _options.MaxConnections;
        // Small buffers: a held request needs none, and there may be a hundred thousand of them.
        limits.MaxRequestBufferSize = 65_536;
        limits.MaxResponseBufferSize = 65_536;
        kestrel.Listen(ReadEndpoint(_options.GatewayListen), listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(_gate.BeforeTls);
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(_tls),
                HandshakeTimeout = TimeSpan.FromSeconds(5),
            });
            listen.Use(ConnectionGate.BehindTls);
        });
    }

    private void LoadCertificate()
    {
        string certificatePath = _options.ServerCertificate.Length > 0 ? _options.ServerCertificate : Path.Combine(_authorityFolder, "server.crt");
        string keyPath = _options.ServerKey.Length > 0 ? _options.ServerKey : Path.Combine(_authorityFolder, "server.key");
        foreach (string path in new[] { certificatePath, keyPath })
        {
            if (!File.Exists(path))
                throw new FileNotFoundException($"{path} does not exist. Make a certificate for this server with 'mediarelay ca issue --server NAME', or set Signaling:GatewayListen to \"\" to serve no gateways.");
        }

        _certificateStamp = File.GetLastWriteTimeUtc(certificatePath);
        X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificatePath);
        chain.RemoveAt(0);
        _tls = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateRequired = true,
            CertificateChainPolicy = _authority.ChainPolicy(),
            RemoteCertificateValidationCallback = IsAcceptable,
            AllowRenegotiation = false,
            AllowTlsResume = true,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            CipherSuitesPolicy = CanChooseCiphers ? new CipherSuitesPolicy(s_ciphers) : null,
        };
        TimeSpan left = certificate.NotAfter - DateTime.Now;
        if (left < TimeSpan.FromDays(30))
            LogCertificateEnds(certificate.NotAfter, (int)left.TotalDays);
    }

    /// <summary>No certificate is fine (digest follows); a certificate must be a good one of our authority, of a gateway, and not revoked.</summary>
    private bool IsAcceptable(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
            return true;
        return (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None
            && certificate is X509Certificate2 full
            && OperatorAuthority.GatewayOf(full) is not null
            && !_authority.IsRevoked(full.SerialNumber);
    }

    private void Reload()
    {
        try
        {
            if (_authority.ReloadRevoked())
                LogRevokedReloaded();
            string path = _options.ServerCertificate.Length > 0 ? _options.ServerCertificate : Path.Combine(_authorityFolder, "server.crt");
            if (File.Exists(path) && File.GetLastWriteTimeUtc(path) != _certificateStamp)
            {
                LoadCertificate();
                LogCertificateReloaded(path);
            }
        }
        catch (Exception e)
        {
            // A half-written file must not end the process; the old certificate stays in use.
            LogReloadFailed(e);
        }
    }

    private static bool CanChooseCiphers => OperatingSystem.IsLinux();

    private static readonly TlsCipherSuite[] s_ciphers =
    [
        TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    private static IPEndPoint ReadEndpoint(string text)
    {
        if (text.StartsWith(':'))
            text = "[::]" + text;
        return IPEndPoint.TryParse(text, out IPEndPoint? endpoint) && text.Contains(':', StringComparison.Ordinal)
            ? endpoint
            : throw new FormatException($"Signaling:GatewayListen is \"{text}\", which is not an address and port. Write 127.0.0.1:8443, [::1]:8443 or :8443.");
    }
}
