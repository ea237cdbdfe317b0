using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>
/// The HTTP resources of sma-sig-1 (section 3). This part finds out who asks and which resource is meant; the other parts of the
/// class hold one resource each.
/// </summary>
internal sealed partial class GatewayEndpoints
{
    private const string GatewayKey = "mediarelay.gateway";

    private readonly GatewayLinks _links;
    private readonly IStorage _storage;
    private readonly SignalingOptions _options;
    private readonly OperatorAuthority _authority;
    private readonly DigestAuthenticator _digest;
    private readonly ClipStore _clips;
    private readonly HomeRecords _homes;
    private readonly SignalingMetrics _metrics;
    private readonly ReconnectAdmission _admission;
    private readonly Lock _admissionLock = new();
    private readonly FailureLimiter _claims = new(perMinute: 10);
    private readonly MonotonicClock _clock;
    private readonly string _firmwareFolder;
    private readonly ILogger<GatewayEndpoints> _logger;

    public GatewayEndpoints(GatewayLinks links, IStorage storage, ClipStore clips, SignalingOptions options, OperatorAuthority authority, SecretBox box, SignalingMetrics metrics, string dataFolder, ILogger<GatewayEndpoints> logger)
    {
        _links = links;
        _storage = storage;
        _options = options;
        _authority = authority;
        _metrics = metrics;
        _logger = logger;
        _clock = links.Clock;
        _digest = new DigestAuthenticator(options.DigestRealm, options.DigestNonceLife, box);
        _clips = clips;
        _homes = new HomeRecords(storage, _clock.Provider);
        _firmwareFolder = options.FirmwareFolder.Length > 0 ? options.FirmwareFolder : Path.Combine(dataFolder, "firmware");
        _admission = new ReconnectAdmission(options.SessionsPerSecond, options.SessionsPerSecond, options.ReconnectSpread, RandomNumberGenerator.Create());
    }

    /// <summary>Answers one request; nothing but a broken connection leaves it as an exception.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        _metrics.CountRequest();
        try
        {
            await RouteAsync(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client left; there is nobody to answer.
        }
        catch (OperationCanceledException)
        {
            await RefuseAsync(context, 408, "slow", TimeSpan.FromSeconds(1), "Too slow", "The request did not arrive within its time.").ConfigureAwait(false);
        }
        catch (BadHttpRequestException e)
        {
            await RefuseAsync(context, e.StatusCode, e.StatusCode == 413 ? "too-large" : "malformed", null, "Bad request", "The request is not valid HTTP, too slow or too large.").ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            LogStorage(e, context.TraceIdentifier);
            int status = e.IsUnknownSubject ? 404 : e.IsFull ? 507 : 503;
            await RefuseAsync(context, status, e.IsUnknownSubject ? "unknown-gateway" : "storage", e.IsUnknownSubject ? null : TimeSpan.FromSeconds(5), "Storage", "The message could not be made durable. Keep it and try again.").ConfigureAwait(false);
        }
        catch (IOException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The connection broke while the body was read.
        }
        catch (Exception e)
        {
            LogBug(e, context.TraceIdentifier);
            await RefuseAsync(context, 500, "internal", TimeSpan.FromSeconds(10), "Internal error", "The request could not be handled.").ConfigureAwait(false);
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        IHttpRequestFeature request = context.Features.Get<IHttpRequestFeature>()!;
        if (!request.RawTarget.StartsWith('/') || request.RawTarget.Contains('%', StringComparison.Ordinal))
            return RefuseAsync(context, 400, "malformed", null, "Bad request", "The request target must be a path without escapes.");
        if (context.Request.Headers.ContainsKey("Transfer-Encoding") && (context.Request.Headers.ContentLength is not null || context.Request.Headers.ContainsKey("X-Content-Length")))
        {
            context.Response.Headers.Connection = "close";
            return RefuseAsync(context, 400, "malformed", null, "Bad request", "A request has either a length or a transfer coding.");
        }

        string[] path = request.Path.Split('/');
        if (path.Length < 4 || path[1] != "sma" || path[2] != "1")
            return NotFoundAsync(context);
        return path[3] switch
        {
            "schema" when path.Length <= 5 => OnMethodAsync(context, "GET", () => path.Length == 5 ? SchemaAsync(context, path[4]) : RootSchemaAsync(context)),
            "enrol" when path.Length == 4 => OnMethodAsync(context, "POST", () => EnrolAsync(context)),
            "gw" when path.Length is 6 or 7 && SmaContract.IsId(path[4]) => GatewayAsync(context, path[4], path[5], path.Length == 7 ? path[6] : null),
            _ => NotFoundAsync(context),
        };
    }

    private async Task GatewayAsync(HttpContext context, string gateway, string resource, string? item)
    {
        Func<GatewayLink, Task>? handler = (resource, item) switch
        {
            ("session", null) => link => OnMethodAsync(context, "POST", () => SessionAsync(context, link)),
            ("events", null) => link => OnMethodAsync(context, "POST", () => EventsAsync(context, link, isOverRate: false)),
            ("instructions", null) => link => OnMethodAsync(context, "GET", () => InstructionsAsync(context, link)),
            ("instructions", "stream") => link => OnMethodAsync(context, "GET", () => StreamAsync(context, link)),
            ("config", null) => link => OnMethodAsync(context, "GET", () => ConfigAsync(context, link)),
            ("clips", not null) when SmaContract.IsId(item) => link => OnMethodAsync(context, "PUT", () => ClipAsync(context, link, item)),
            ("firmware", not null) when SmaContract.IsId(item) => link => OnMethodAsync(context, "GET", () => FirmwareAsync(context, item)),
            _ => null,
        };
        GatewayLink? link = await AuthenticateAsync(context, gateway).ConfigureAwait(false);
        if (link is null)
            return;
        if (handler is null)
        {
            await NotFoundAsync(context).ConfigureAwait(false);
            return;
        }

        TimeSpan now = _clock.Now;
        if (!link.TryTakeRequest(now, out TimeSpan wait))
        {
            // Only the body tells an alarm: events of a gateway over its rate are still read, as often again as it may ask, and judged then.
            if (resource != "events" || !link.TryTakeSpareRequest(now, out wait))
            {
                await RefuseRateAsync(context, wait).ConfigureAwait(false);
                return;
            }

            handler = one => OnMethodAsync(context, "POST", () => EventsAsync(context, one, isOverRate: true));
        }

        link.Address = context.Connection.RemoteIpAddress;
        var changes = new List<PresenceChange>();
        link.HandleRequest(now, changes);
        _links.Apply(link, changes);
        try
        {
            await handler(link).ConfigureAwait(false);
        }
        finally
        {
            if (context.RequestAborted.IsCancellationRequested)
                link.HandleReset(_clock.Now);
            else
                link.HandleAnswered();
        }
    }

    private async Task<GatewayLink?> AuthenticateAsync(HttpContext context, string gateway)
    {
        string? certified = CertifiedGateway(context);
        if (certified is not null && certified != gateway)
        {
            await RefuseAsync(context, 403, "identity", null, "Wrong identity", "The certificate belongs to another gateway.").ConfigureAwait(false);
            return null;
        }

        if (certified is not null)
        {
            // A certificate revoked after the handshake must not live on with its connection.
            if (context.Connection.ClientCertificate is { } certificate && _authority.IsRevoked(certificate.SerialNumber))
            {
                context.Response.Headers.Connection = "close";
                await RefuseAsync(context, 403, "revoked", null, "Revoked", "The certificate was revoked.").ConfigureAwait(false);
                return null;
            }

            (GatewayLink Link, GatewayRecord Record)? known = await _links.FindAsync(gateway).ConfigureAwait(false);
            if (known is { Record.IsEnabled: true } good)
                return good.Link;
            await RefuseAsync(context, known is null ? 404 : 403, known is null ? "unknown-gateway" : "disabled", null, "Not served", "The gateway is not registered here, or is switched off.").ConfigureAwait(false);
            return null;
        }

        GatewayRecord? record = _links.FindRecord(gateway);
        TimeSpan now = _clock.Now;
        string source = context.Connection.RemoteIpAddress?.ToString() ?? "";
        DigestVerdict verdict = _digest.Check(context.Request.Headers.Authorization, context.Request.Method, context.Features.Get<IHttpRequestFeature>()!.RawTarget, source, record, now);
        switch (verdict.Outcome)
        {
            case DigestOutcome.Accepted when record!.IsEnabled:
                ConnectionGate.MarkAuthenticated(context.Features.Get<IConnectionItemsFeature>());
                context.Response.Headers["Authentication-Info"] = verdict.Info;
                return (await _links.FindAsync(gateway).ConfigureAwait(false))?.Link;
            case DigestOutcome.Accepted:
                await RefuseAsync(context, 403, "disabled", null, "Not served", "The gateway is switched off.").ConfigureAwait(false);
                return null;
            case DigestOutcome.TooManyFailures:
                await RefuseAsync(context, 429, "failures", TimeSpan.FromMinutes(1), "Too many failures", "Too many wrong answers came from this source.").ConfigureAwait(false);
                return null;
            default:
                if (verdict.Outcome == DigestOutcome.Refused)
                {
                    _metrics.CountAuthenticationFailure();
                    LogDigestRefused(gateway, source);
                }

                context.Response.Headers.WWWAuthenticate = _digest.Challenges(verdict.IsStale, record?.DigestSecretMd5 is not null, now);
                await RefuseAsync(context, 401, "authenticate", TimeSpan.Zero, "Authentication needed", "Use the gateway's certificate, or digest authentication.").ConfigureAwait(false);
                return null;
        }
    }

    /// <summary>The gateway of the connection's certificate; parsed once per connection.</summary>
    private static string? CertifiedGateway(HttpContext context)
    {
        IConnectionItemsFeature? connection = context.Features.Get<IConnectionItemsFeature>();
        if (connection is not null && connection.Items.TryGetValue(GatewayKey, out object? known))
            return known as string;
        X509Certificate2? certificate = context.Connection.ClientCertificate;
        string? gateway = certificate is null ? null : OperatorAuthority.GatewayOf(certificate);
        connection?.Items.TryAdd(GatewayKey, gateway);
        return gateway;
    }

    private Task OnMethodAsync(HttpContext context, string method, Func<Task> handler)
    {
        if (context.Request.Method == method)
            return handler();
        context.Response.Headers.Allow = method;
        return RefuseAsync(context, 405, "method", null, "Method not allowed", "This resource has another method.");
    }

    private Task RefuseRateAsync(HttpContext context, TimeSpan wait) => RefuseAsync(context, 429, "rate", wait, "Too many requests", "This gateway sends more requests than agreed. Alarms are taken.");

    private Task NotFoundAsync(HttpContext context) => RefuseAsync(context, 404, "not-found", null, "Not found", "There is no such resource.");

    private Task RefuseAsync(HttpContext context, int status, string code, TimeSpan? retry, string title, string detail, int line = 0)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        _metrics.CountRefused();
        if (retry is { } wait && wait > TimeSpan.Zero)
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        XmlOutput x = Scratch;
        string id = context.TraceIdentifier.Replace(':', '-');
        SmaWriter.WriteError(x, new ErrorDocument(status, code, retry, SmaContract.IsId(id) ? id : "unknown", title, detail, line));
        return AnswerAsync(context, status, x);
    }

    [ThreadStatic]
    private static XmlOutput? t_scratch;

    /// <summary>A buffer for one document; it belongs to the caller until the next use on this thread, so nothing is awaited in between.</summary>
    private static XmlOutput Scratch
    {
        get
        {
            XmlOutput scratch = t_scratch ??= new XmlOutput();
            scratch.Clear();
            return scratch;
        }
    }

    /// <summary>Copies the document into the response before anything is awaited.</summary>
    private static async Task AnswerAsync(HttpContext context, int status, XmlOutput document)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = SmaContract.ContentType;
        response.ContentLength = document.Written.Length;
        System.Buffers.BuffersExtensions.Write(response.BodyWriter, document.Written);
        await response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }
}
