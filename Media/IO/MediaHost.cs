using System.Collections.Concurrent;
using System.Security.Cryptography;
using MediaRelay.Dtls;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Endpoints;
using MediaRelay.Media.IO.Net;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Media.IO;

/// <summary>
/// Owns the media of one process: the loop's thread, the DTLS certificate, the sources and the endpoints. One per process; from
/// <see cref="MediaServices.AddMedia"/> or made by hand.
/// </summary>
public sealed class MediaHost : IAsyncDisposable
{
    private static readonly TimeSpan CertificateLife = TimeSpan.FromDays(30);

    private readonly ILoggerFactory _loggers;
    private readonly CameraFactory _cameras;
    private readonly ConcurrentDictionary<string, MediaSource> _sources = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<MediaEndpoint, byte> _endpoints = new();
    private readonly DtlsCertificate _certificate;
    private readonly EndpointCounters _closed = new();
    private int _transcoders;
    private int _endpointCount;

    public MediaHost(MediaOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        Options = options;
        Time = time;
        _loggers = loggers;
        _cameras = new CameraFactory(options, time);
        _certificate = DtlsCertificate.CreateSelfSigned(time.GetUtcNow(), CertificateLife);
        Dtls = new DtlsContext(_certificate, DtlsContextSettings.Srtp);
        Loop = new MediaLoop(time, loggers.CreateLogger<MediaHost>());
    }

    public MediaOptions Options { get; }

    /// <summary>Endpoints that are not closed.</summary>
    public IEnumerable<MediaEndpoint> Endpoints => _endpoints.Keys;

    /// <summary>Sources that were opened.</summary>
    public IEnumerable<MediaSource> Sources => _sources.Values;

    /// <summary>Running ffmpeg children for transcoding.</summary>
    public int Transcoders => Volatile.Read(ref _transcoders);

    /// <summary>Numbers of all endpoints, closed ones included.</summary>
    internal EndpointCounters Counted
    {
        get
        {
            var sum = new EndpointCounters();
            sum.Add(_closed);
            foreach (var endpoint in _endpoints.Keys) sum.Add(endpoint.Counters);
            return sum;
        }
    }

    internal TimeProvider Time { get; }

    internal MediaLoop Loop { get; }

    internal DtlsContext Dtls { get; }

    internal ReadOnlySpan<byte> Certificate => _certificate.Der.Span;

    internal RandomNumberGenerator Random { get; } = RandomNumberGenerator.Create();

    /// <summary>
    /// The shared source of a camera URL (<see cref="CameraFactory.TryCreate"/>); the same URL gives the same source, which connects when
    /// it is first used. False with a sentence when the URL cannot be used.
    /// </summary>
    public bool TryOpenSource(string url, out MediaSource source, out string error)
    {
        error = "";
        if (_sources.TryGetValue(url, out source!)) return true;
        if (!_cameras.TryCreate(url, out var camera, out error)) return false;
        source = _sources.GetOrAdd(url, _ => new MediaSource(this, camera.Name, camera, _loggers.CreateLogger<MediaSource>()));
        return true;
    }

    /// <summary>A source over a camera of the caller's own making.</summary>
    public MediaSource OpenSource(ICamera camera) => new(this, camera.Name, camera, _loggers.CreateLogger<MediaSource>());

    /// <summary>A new endpoint in state New. Throws <see cref="MediaNegotiationException"/> when <c>Media:MaxEndpoints</c> are open.</summary>
    public MediaEndpoint CreateEndpoint(MediaEndpointSettings settings)
    {
        if (Interlocked.Increment(ref _endpointCount) > Options.MaxEndpoints)
        {
            Interlocked.Decrement(ref _endpointCount);
            throw new MediaNegotiationException($"all {Options.MaxEndpoints} endpoints are in use (Media:MaxEndpoints)");
        }
        var endpoint = new MediaEndpoint(this, settings, _loggers.CreateLogger<MediaEndpoint>());
        _endpoints[endpoint] = 0;
        return endpoint;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var endpoint in _endpoints.Keys) await endpoint.DisposeAsync();
        foreach (var source in _sources.Values) await source.DisposeAsync();
        Loop.Dispose();
        Dtls.Dispose();
        Random.Dispose();
    }

    internal void Remove(MediaEndpoint endpoint)
    {
        if (!_endpoints.TryRemove(endpoint, out _)) return;
        Interlocked.Decrement(ref _endpointCount);
        lock (_closed) _closed.Add(endpoint.Counters);
    }

    internal bool TryTakeTranscoder()
    {
        if (Interlocked.Increment(ref _transcoders) <= Options.MaxTranscoders) return true;
        Interlocked.Decrement(ref _transcoders);
        return false;
    }

    internal void ReturnTranscoder() => Interlocked.Decrement(ref _transcoders);
}
