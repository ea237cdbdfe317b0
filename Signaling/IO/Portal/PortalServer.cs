using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>The HTTPS listener of people: portal pages, JSON API and WHEP. HTTPS from the first start with a certificate of the operator's authority.</summary>
public sealed partial class PortalServer : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan s_life = TimeSpan.FromDays(397);
    private static readonly TimeSpan s_reload = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_renewalPeriod = TimeSpan.FromHours(1);

    /// <summary>Before the first warning of an end, so that a certificate that renews itself needs none.</summary>
    private static readonly TimeSpan s_renewBefore = TimeSpan.FromDays(31);

    private readonly SignalingOptions _options;
    private readonly string _folder;
    private readonly OperatorAuthority? _authority;
    private readonly PortalGuard _guard;
    private readonly IEnumerable<IPortalModule> _modules;
    private readonly IFileProvider? _pages;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger<PortalServer> _logger;
    private readonly ConnectionGate _connections;
    private SslServerAuthenticationOptions _tls = new();
    private CertificateWatch? _certificate;
    private WebApplication? _app;
    private ITimer? _renewal;

    /// <summary>Prepares the server; nothing listens before <see cref="StartAsync"/>.</summary>
    /// <param name="options">The section.</param>
    /// <param name="folder">Folder of the operator's authority, where the portal's certificate is kept.</param>
    /// <param name="authority">The authority, when it may make the certificate.</param>
    /// <param name="guard">Who may come in.</param>
    /// <param name="modules">What is served.</param>
    /// <param name="pages">The portal's pages, null for an API without pages.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">The logs.</param>
    public PortalServer(
        SignalingOptions options, string folder, OperatorAuthority? authority, PortalGuard guard, IEnumerable<IPortalModule> modules, IFileProvider? pages, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _folder, _authority, _guard, _modules, _pages, _time, _loggers) = (options, folder, authority, guard, modules, pages, time, loggers);
        _logger = loggers.CreateLogger<PortalServer>();
        _connections = new ConnectionGate(options.MaxUnauthenticatedPerAddress, options.ConcurrentHandshakes);
    }

    /// <summary>Where it listens, once started.</summary>
    public IPEndPoint? Endpoint { get; private set; }

    /// <summary>Method and path of everything that is served under /api, for the test that holds the description against it.</summary>
    internal IEnumerable<(string Method, string Path)> Routes => ((IEndpointRouteBuilder)_app!).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        .SelectMany(endpoint => (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Select(method => (method, "/" + endpoint.RoutePattern.RawText!.Trim('/'))));

    private string CertificatePath => _options.PortalCertificate.Length > 0 ? _options.PortalCertificate : Path.Combine(_folder, "portal.crt");

    private string KeyPath => _options.PortalCertificate.Length > 0 ? _options.PortalKey : Path.Combine(_folder, "portal.key");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        EnsureCertificate();
        WatchCertificate();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "mediarelay-portal" });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(Configure);
        builder.Services.AddSingleton(_loggers);
        builder.Services.AddRouting();
        builder.Services.Configure<JsonOptions>(o => PortalJson.Configure(o.SerializerOptions));
        builder.Services.AddOpenApi("v1", PortalDescription.Complete);
        // Foreign pages come with a bearer token; cookies stay with our own.
        builder.Services.AddCors(cors => cors.AddPolicy(WhepModule.CorsPolicy, policy => policy
            .WithOrigins([.. _options.WhepOrigins]).WithMethods("GET", "POST", "PATCH", "DELETE", "OPTIONS")
            .WithHeaders("Authorization", "Content-Type", "If-Match").WithExposedHeaders("Location", "Link", "ETag", "Accept-Post").SetPreflightMaxAge(TimeSpan.FromHours(1))));
        _app = builder.Build();
        _app.UseExceptionHandler(error => error.Run(context => context.Features.Get<IExceptionHandlerFeature>()?.Error is Microsoft.AspNetCore.Http.BadHttpRequestException bad
            ? Problem.Of(bad.StatusCode, "bad-request", "The body of the request is broken, too large, or did not come in time.").ExecuteAsync(context)
            : Problem.Of(StatusCodes.Status500InternalServerError, "internal", "The server failed to answer; the log has the reason.").ExecuteAsync(context)));
        if (_pages is not null)
        {
            _app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = _pages });
        }

        _app.UseRouting();
        _app.Use(new BodyDeadline(_time).HandleAsync);
        _app.UseCors();
        _app.Use(_guard.HandleAsync);
        if (_pages is not null)
        {
            _app.UseStaticFiles(new StaticFileOptions
            {
                FileProvider = _pages,
                OnPrepareResponse = context => context.Context.Response.Headers.CacheControl = "no-cache",
            });
        }

        PortalGuard.AllowAnonymous(_app.MapOpenApi("/api/openapi/{documentName}.json"));
        foreach (IPortalModule module in _modules)
            module.Map(_app);
        await _app.StartAsync(cancellationToken).ConfigureAwait(false);
        var uri = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Endpoint = new IPEndPoint(IPAddress.TryParse(uri.Host.Trim('[', ']'), out IPAddress? ip) ? ip : IPAddress.IPv6Any, uri.Port);
        _renewal = _time.CreateTimer(_ => Renew(), null, s_renewalPeriod, s_renewalPeriod);
        LogListening(Endpoint);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_app is null)
            return;
        // Streams of open pages never end by themselves.
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        soon.CancelAfter(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _certificate?.Dispose();
        if (_renewal is not null)
            await _renewal.DisposeAsync().ConfigureAwait(false);
        if (_app is not null)
            await _app.DisposeAsync().ConfigureAwait(false);
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        KestrelServerLimits limits = kestrel.Limits;
        limits.MaxRequestBodySize = 1 << 20;
        limits.MaxRequestLineSize = 4096;
        limits.MaxRequestHeadersTotalSize = 16_384;
        limits.MaxRequestHeaderCount = 60;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);
        limits.MinRequestBodyDataRate = new MinDataRate(1024, TimeSpan.FromSeconds(3));
        limits.MaxConcurrentConnections = 20_000;
        kestrel.Listen(Read(_options.PortalListen), listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.Use(_connections.BeforeTls);
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(_tls), HandshakeTimeout = TimeSpan.FromSeconds(5) });
            listen.Use(ConnectionGate.BehindTls);
        });
    }

    private void EnsureCertificate()
    {
        if (_options.PortalCertificate.Length > 0)
            return;
        if (File.Exists(CertificatePath))
        {
            using X509Certificate2 old = X509CertificateLoader.LoadCertificateFromFile(CertificatePath);
            if (old.NotAfter > (_time.GetUtcNow() + s_renewBefore).LocalDateTime)
                return;
        }

        if (_authority is null)
            throw new FileNotFoundException($"{CertificatePath} does not exist. Make an authority with 'mediarelay ca init', or name a certificate with Signaling:PortalCertificate.");
        IssuedCertificate issued = _authority.IssueServer(_options.PortalNames, s_life, _time.GetUtcNow());
        PrivateFile.Write(KeyPath, issued.KeyPem!);
        File.WriteAllText(CertificatePath, issued.CertificatePem.TrimEnd() + "\n" + _authority.CertificatePem.TrimEnd() + "\n");
    }

    private void WatchCertificate()
    {
        var log = new CertificateLog(_ => LogReloaded(CertificatePath), LogReloadFailed, end => LogEnds(CertificatePath, end));
        _certificate = new CertificateWatch([CertificatePath, KeyPath], () => Use(CertificatePair.Read(CertificatePath, KeyPath, $"The portal's certificate {CertificatePath} with key {KeyPath}")), log, _time, s_reload);
    }

    private X509Certificate2 Use(CertificatePair pair)
    {
        _tls = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = pair.Context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            CipherSuitesPolicy = TlsSuites.Strong,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        };
        return pair.Leaf;
    }

    /// <summary>A node that runs for years renews its own certificate too; the watch takes the new one over.</summary>
    private void Renew()
    {
        try
        {
            EnsureCertificate();
        }
        catch (Exception fault)
        {
            LogRenewalFailed(fault.Message);
        }
    }

    private static IPEndPoint Read(string text) => SignalingOptions.TryReadEndpoint(text, out IPEndPoint? endpoint)
        ? endpoint
        : throw new FormatException($"Signaling:PortalListen is \"{text}\", which is not an address and port. Write 127.0.0.1:9443, [::1]:9443 or :9443.");
}
