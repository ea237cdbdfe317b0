using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Tls;
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
public sealed partial class EventServer : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan s_reload = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_end = TimeSpan.FromSeconds(5);

    private readonly SignalingOptions _options;
    private readonly OperatorAuthority _authority;
    private readonly GatewayLinks _links;
    private readonly GatewayEndpoints _endpoints;
    private readonly ConnectionGate _gate;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger<EventServer> _logger;
    private readonly string _authorityFolder;
    private SslServerAuthenticationOptions _tls = new();
    private CertificateWatch? _certificate;
    private WebApplication? _app;
    private ITimer? _reload;

    /// <summary>Prepares the server; nothing listens before <see cref="StartAsync"/>.</summary>
    internal EventServer(SignalingOptions options, string dataFolder, OperatorAuthority authority, SecretBox box, GatewayLinks links, IStorage storage, ClipStore clips, SignalingMetrics metrics, TimeProvider time, ILoggerFactory loggers)
    {
        _time = time;
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
        WatchCertificate();
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
        _reload = _time.CreateTimer(_ => ReloadRevoked(), null, s_reload, s_reload);
        LogListening(Endpoint);
    }

    /// <summary>
    /// Held requests are answered with the time to come back, and the listener goes at once. Until then the node serves its gateways as
    /// always: a relay of the same process may drain for minutes before, and its sessions need them.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _links.BeginDrain();
        if (_app is null)
            return;
        // What takes longer, e.g. the upload of a clip, goes on at the next node where it stopped. The host's own time may be over already, used up by a
        // relay that drained; the answers to the gateways are sent all the same.
        using var soon = new CancellationTokenSource(s_end);
        await _app.StopAsync(soon.Token).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _certificate?.Dispose();
        if (_reload is not null)
            await _reload.DisposeAsync().ConfigureAwait(false);
        if (_app is not null)
            await _app.DisposeAsync().ConfigureAwait(false);
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        KestrelServerLimits limits = kestrel.Limits;
        limits.MaxRequestBodySize = GatewayEndpoints.MostRead;
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

    private void WatchCertificate()
    {
        string certificatePath = _options.ServerCertificate.Length > 0 ? _options.ServerCertificate : Path.Combine(_authorityFolder, "server.crt");
        string keyPath = _options.ServerKey.Length > 0 ? _options.ServerKey : Path.Combine(_authorityFolder, "server.key");
        foreach (string path in new[] { certificatePath, keyPath })
        {
            if (!File.Exists(path))
                throw new FileNotFoundException($"{path} does not exist. Make a certificate for this server with 'mediarelay ca issue --server NAME', or set Signaling:GatewayListen to \"\" to serve no gateways.");
        }

        string subject = $"The gateways' certificate {certificatePath} with key {keyPath}";
        var log = new CertificateLog(_ => LogCertificateReloaded(certificatePath), LogReloadFailed, end => LogCertificateEnds(end, (int)(end - _time.GetUtcNow()).TotalDays));
        _certificate = new CertificateWatch([certificatePath, keyPath], () => Use(CertificatePair.Read(certificatePath, keyPath, subject)), log, _time, s_reload);
    }

    private X509Certificate2 Use(CertificatePair pair)
    {
        _tls = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = pair.Context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateRequired = true,
            CertificateChainPolicy = _authority.ChainPolicy(),
            RemoteCertificateValidationCallback = IsAcceptable,
            AllowRenegotiation = false,
            AllowTlsResume = true,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            CipherSuitesPolicy = TlsSuites.Strong,
        };
        return pair.Leaf;
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

    private void ReloadRevoked()
    {
        if (_authority.ReloadRevoked(LogReloadFailed))
            LogRevokedReloaded();
    }

    private static IPEndPoint ReadEndpoint(string text) => SignalingOptions.TryReadEndpoint(text, out IPEndPoint? endpoint)
        ? endpoint
        : throw new FormatException($"Signaling:GatewayListen is \"{text}\", which is not an address and port. Write 127.0.0.1:8443, [::1]:8443 or :8443.");
}
