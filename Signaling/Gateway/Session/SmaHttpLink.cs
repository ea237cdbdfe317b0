using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Signaling.Access;

namespace MediaRelay.Gateway.Session;

/// <summary>HTTPS to the Event Server with the gateway's certificate or digest; trusts the operator's authority only.</summary>
public sealed class SmaHttpLink : ISmaLink
{
    private readonly Lock _lock = new();
    private readonly HttpClient _client;
    private readonly Uri[] _servers;
    private readonly DigestClient? _digest;
    private readonly X509Certificate2? _certificate;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _floor;
    private int _server;

    /// <summary>Creates the link.</summary>
    /// <param name="gateway">The gateway's id.</param>
    /// <param name="servers">Base addresses; the second is used when the first fails.</param>
    /// <param name="authority">The operator's authority.</param>
    /// <param name="certificate">The gateway's certificate with its key; null uses digest.</param>
    /// <param name="password">The digest password.</param>
    /// <param name="time">The system's clock; one that is not set judges no certificate.</param>
    public SmaHttpLink(string gateway, IEnumerable<Uri> servers, X509Certificate2 authority, X509Certificate2? certificate, string? password, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _floor = Floor(certificate);
        _servers = [.. servers];
        _certificate = certificate;
        _digest = certificate is null && password is not null ? new DigestClient(gateway, password, RandomNumberGenerator.Create()) : null;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.Add(authority);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            MaxConnectionsPerServer = 6,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(70),
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = policy,
                RemoteCertificateValidationCallback = (_, server, chain, errors) => errors == SslPolicyErrors.None
                    || (errors == SslPolicyErrors.RemoteCertificateChainErrors && _time.GetUtcNow() < _floor && server is X509Certificate2 leaf && chain is not null && IsGoodWithoutClock(leaf, chain, policy)),
            },
        };
        if (certificate is not null)
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true);
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public async Task<SmaAnswer> SendAsync(string method, string path, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string>? headers, TimeSpan patience, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        try
        {
            SmaAnswer answer = await OnceAsync(method, path, body, headers, limit.Token).ConfigureAwait(false);
            if (answer.Status == 401 && _digest is not null && answer.Headers.TryGetValue("WWW-Authenticate", out string? challenge))
            {
                lock (_lock)
                    _digest.HandleChallenge(challenge.Split('\n'));
                answer = await OnceAsync(method, path, body, headers, limit.Token).ConfigureAwait(false);
            }

            return answer;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new IOException("No answer came.", e);
        }
    }

    /// <summary>No clock that is set shows a time before this: nothing of this gateway was there yet.</summary>
    public static DateTimeOffset Floor(X509Certificate2? certificate) =>
        certificate?.NotBefore.ToUniversalTime() is { } made && made > GatewayClock.Era ? made : GatewayClock.Era;

    public void Alternate() => _server = (_server + 1) % _servers.Length;

    public void Dispose()
    {
        _client.Dispose();
        _certificate?.Dispose();
    }

    /// <summary>
    /// Without a clock the time must come from the server, so its certificate is judged as if it were the time at which it was made, or the
    /// latest that this gateway knows to be past. Everything but the time is judged as always.
    /// </summary>
    private bool IsGoodWithoutClock(X509Certificate2 server, X509Chain told, X509ChainPolicy policy)
    {
        using var chain = new X509Chain { ChainPolicy = policy.Clone() };
        chain.ChainPolicy.VerificationTime = server.NotBefore.ToUniversalTime() > _floor ? server.NotBefore : _floor.LocalDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        foreach (X509ChainElement element in told.ChainElements)
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(server);
    }

    private async Task<SmaAnswer> OnceAsync(string method, string path, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string>? headers, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_servers[_server], path));
        if (!body.IsEmpty || method is "POST" or "PUT")
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = method == "PUT" ? new MediaTypeHeaderValue("application/octet-stream") : new MediaTypeHeaderValue("application/xml", "utf-8");
        }

        foreach (KeyValuePair<string, string> header in headers ?? new Dictionary<string, string>())
        {
            if (!request.Headers.TryAddWithoutValidation(header.Key, header.Value))
                request.Content?.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        if (_digest is not null)
        {
            lock (_lock)
            {
                if (_digest.Authorize(method, request.RequestUri!.PathAndQuery) is { } authorization)
                    request.Headers.TryAddWithoutValidation("Authorization", authorization);
            }
        }

        using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation).ConfigureAwait(false);
        byte[] content = await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        if (_digest is not null && response.Headers.TryGetValues("Authentication-Info", out IEnumerable<string>? info))
        {
            lock (_lock)
                _digest.HandleInfo(string.Join(", ", info));
        }

        var all = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (KeyValuePair<string, IEnumerable<string>> header in response.Headers.Concat(response.Content.Headers))
            all[header.Key] = string.Join('\n', header.Value);
        return new SmaAnswer((int)response.StatusCode, content, response.Headers.RetryAfter?.Delta, all);
    }
}
