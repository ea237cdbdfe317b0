using System.Security.Cryptography;
using MediaRelay.Dtls;
using MediaRelay.Media.Congestion;
using MediaRelay.Media.Ice;
using MediaRelay.Media.IO.Audio;
using MediaRelay.Media.IO.Endpoints;
using MediaRelay.Media.IO.Net;
using MediaRelay.Media.Sdp;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Media.IO;

/// <summary>
/// What a browser calls a peer connection: sockets, ICE, DTLS-SRTP and offer/answer for one peer. Make one with
/// <see cref="MediaHost.CreateEndpoint"/>; all methods may be called from any thread, the events come on the media loop and must not block.
/// </summary>
/// <remarks>
/// <code>
/// answering:  answer = await CreateAnswerAsync(offer)          then AddCandidateAsync for each candidate of the peer
/// offering:   offer = await CreateOfferAsync()                 then SetAnswerAsync(answer)
/// both:       CandidateFound -> send to the peer (null = no more), StateChanged, Connected, GetStatisticsAsync, DisposeAsync
/// </code>
/// Candidates known when a description is made stand in it already; CandidateFound tells the later ones.
/// </remarks>
public sealed partial class MediaEndpoint : IAsyncDisposable, IEndpointEvents
{
    private readonly MediaHost _host;
    private readonly MediaLoop _loop;
    private readonly ILogger _logger;
    private readonly EndpointNegotiation _negotiation;
    private readonly TalkBackPath _talkBack;
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _gathered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _relayed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _negotiating = new(1, 1);
    private readonly List<string> _candidates = [];
    private EndpointTransport? _transport;
    private EndpointMedia? _media;
    private bool _described;
    private bool _disposed;

    internal MediaEndpoint(MediaHost host, MediaEndpointSettings settings, ILogger logger)
    {
        _host = host;
        _loop = host.Loop;
        _logger = logger;
        Settings = settings;
        _negotiation = new EndpointNegotiation(settings, DtlsFingerprint.Of(host.Certificate));
        _talkBack = new TalkBackPath(() => settings.TalkBack ?? settings.Source?.TalkBack, host, IncomingLevel);
        if (settings.Publish)
        {
            Received = new MediaSource(host, settings.Name, null, logger);
            Received.KeyFrameWanted = _ => _loop.Post(() => _media?.RequestKeyFrame(_loop.Now));
        }
        settings.Source?.Enter();
    }

    /// <summary>A local candidate as a browser's RTCIceCandidate has it, <c>candidate:...</c>; null when there are no more.</summary>
    public event Action<string?>? CandidateFound;

    /// <summary>The new state, with a reason when it is Failed or Closed.</summary>
    public event Action<MediaEndpointState, string?>? StateChanged;

    /// <summary>The peer gets less of the picture, or more again.</summary>
    public event Action<ViewerQuality>? QualityChanged;

    public MediaEndpointSettings Settings { get; }

    public MediaEndpointState State { get; private set; }

    /// <summary>Why the state is Failed; null otherwise.</summary>
    public string? FailureReason { get; private set; }

    /// <summary>What the peer sends, for other endpoints; null unless <see cref="MediaEndpointSettings.Publish"/> is on.</summary>
    public MediaSource? Received { get; }

    /// <summary>What the peer gets of the picture; below Full when its path does not take more. The reports have it too.</summary>
    public ViewerQuality Quality { get; private set; }

    /// <summary>Loudness of the peer's sound.</summary>
    public AudioLevel IncomingLevel { get; } = new();

    internal EndpointCounters Counters => _transport?.Counters ?? new EndpointCounters();

    /// <summary>Completes when media flows for the first time; fails with <see cref="MediaNegotiationException"/> when that will not happen.</summary>
    public Task Connected => _connected.Task;

    /// <summary>Completes when all local candidates are known.</summary>
    public Task Gathered => _gathered.Task;

    /// <summary>
    /// Makes an offer of everything the settings name. With <paramref name="waitForCandidates"/> all candidates stand in it, for peers
    /// without trickle; at most five seconds are waited, and half a second once there is a relayed one, which every peer can reach.
    /// </summary>
    public async Task<string> CreateOfferAsync(bool waitForCandidates = false, CancellationToken cancellation = default)
    {
        await _negotiating.WaitAsync(cancellation);
        try
        {
            await PrepareAsync(IceRole.Controlling, waitForCandidates, cancellation);
            return await _loop.InvokeAsync(() => Describe((transport, candidates, complete) => _negotiation.CreateOffer(transport.LocalCredentials, candidates, complete)));
        }
        finally
        {
            _negotiating.Release();
        }
    }

    /// <summary>Takes the peer's answer. Throws <see cref="MediaNegotiationException"/> when it cannot be used.</summary>
    public async Task SetAnswerAsync(string answer, CancellationToken cancellation = default)
    {
        await _negotiating.WaitAsync(cancellation);
        try
        {
            await _loop.InvokeAsync(() => Apply(_negotiation.AcceptAnswer(answer)));
        }
        finally
        {
            _negotiating.Release();
        }
    }

    /// <summary>Answers the peer's first or later offer. Throws <see cref="MediaNegotiationException"/> when it cannot be used.</summary>
    public async Task<string> CreateAnswerAsync(string offer, bool waitForCandidates = false, CancellationToken cancellation = default)
    {
        await _negotiating.WaitAsync(cancellation);
        try
        {
            await PrepareAsync(IceRole.Controlled, waitForCandidates, cancellation);
            return await _loop.InvokeAsync(() => Describe((transport, candidates, complete) =>
                _negotiation.Answer(offer, () => transport.LocalCredentials, candidates, complete, Apply)));
        }
        finally
        {
            _negotiating.Release();
        }
    }

    /// <summary>A candidate of the peer, with or without <c>a=</c>; null or empty when there are no more. Unusable ones are counted and ignored.</summary>
    public Task AddCandidateAsync(string? candidate) => _loop.InvokeAsync(() =>
    {
        if (_transport is null || _disposed) return;
        if (string.IsNullOrEmpty(candidate)) _transport.EndCandidates(_loop.Now);
        else _transport.AddCandidate(candidate, _loop.Now);
    });

    /// <summary>Candidates of the peer as application/trickle-ice-sdpfrag (RFC 8840). Throws <see cref="MediaNegotiationException"/> when it is malformed.</summary>
    public async Task AddFragmentAsync(string fragment)
    {
        if (!TrickleFragment.TryRead(fragment, out var read, out var error)) throw new MediaNegotiationException(error.ToString());
        foreach (var candidate in read.Media.SelectMany(m => m.Candidates)) await AddCandidateAsync(candidate);
        if (read.IsComplete || (read.Media.Count > 0 && read.Media.All(m => m.IsComplete))) await AddCandidateAsync(null);
    }

    /// <summary>Restarts ICE and gives the offer to send; media goes on over the old path meanwhile (RFC 8445 section 9).</summary>
    public async Task<string> RestartIceAsync(CancellationToken cancellation = default)
    {
        await _loop.InvokeAsync(() =>
        {
            _candidates.Clear();
            _described = false;
            _transport?.Restart(_loop.Now);
        });
        return await CreateOfferAsync(cancellation: cancellation);
    }

    /// <summary>A report with the identifiers of the W3C (<see cref="RtcStatistic"/>).</summary>
    public Task<IReadOnlyList<RtcStatistic>> GetStatisticsAsync() => _loop.InvokeAsync(() => EndpointStatistics.Collect(_transport, _media, IncomingLevel));

    /// <summary>Milliseconds from the creation of the endpoint to each step of its start; steps that were not reached are left out.</summary>
    public Task<IReadOnlyDictionary<string, double>> GetTimelineAsync() => _loop.InvokeAsync(() => EndpointStatistics.Timeline(_transport));

    /// <summary>Says goodbye, closes sockets and relays, and lets the source go.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        await _loop.InvokeAsync(() =>
        {
            _media?.Stop();
            _transport?.Close(_loop.Now);
            SetState(MediaEndpointState.Closed, "closed by its owner");
        });
        await _talkBack.DisposeAsync();
        if (Received is not null) await Received.DisposeAsync();
        Settings.Source?.Leave();
        _host.Remove(this);
    }

    void IEndpointEvents.HandleCandidate(Candidate candidate)
    {
        var line = candidate.ToString();
        _candidates.Add(line["candidate:".Length..]);
        if (candidate.Type == CandidateType.Relayed) _relayed.TrySetResult();
        if (_described) CandidateFound?.Invoke(line);
    }

    void IEndpointEvents.HandleGatheringCompleted()
    {
        _gathered.TrySetResult();
        if (_described) CandidateFound?.Invoke(null);
    }

    void IEndpointEvents.HandleTransportState(MediaEndpointState state, string? reason)
    {
        SetState(state, reason);
        if (state == MediaEndpointState.Connected) _media?.Start(_loop.Now);
    }

    void IEndpointEvents.HandleRelayFault(IceServer server, string reason) => LogRelayFault(Settings.Name, server, reason);

    void IEndpointEvents.HandleRtp(ReadOnlySpan<byte> packet, TimeSpan now) => _media?.HandleRtp(packet, now);

    void IEndpointEvents.HandleRtcp(ReadOnlySpan<byte> packet, TimeSpan now) => _media?.HandleRtcp(packet, now);

    private async Task PrepareAsync(IceRole role, bool waitForCandidates, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_transport is null)
        {
            var servers = new List<IceServer>();
            foreach (var server in Settings.IceServers.Take(8)) servers.AddRange(await server.ResolveAsync(cancellation));
            await _loop.InvokeAsync(() => Open(role, servers));
        }
        if (Settings.Source is { } source) await Task.WhenAny(source.WhenReady, Task.Delay(Settings.SourceTimeout, _host.Time, cancellation));
        if (waitForCandidates) await Task.WhenAny(Gathered, AfterRelayAsync(cancellation), Task.Delay(TimeSpan.FromSeconds(5), _host.Time, cancellation));
    }

    // A server that does not answer must not hold up a description that will do.
    private async Task AfterRelayAsync(CancellationToken cancellation)
    {
        await _relayed.Task;
        await Task.Delay(TimeSpan.FromSeconds(0.5), _host.Time, cancellation);
    }

    private void Open(IceRole role, IReadOnlyList<IceServer> servers)
    {
        var options = _host.Options;
        var configuration = new IceConfiguration
        {
            Mode = Settings.IceMode,
            Role = Settings.IceMode == IceMode.Lite ? IceRole.Controlled : role,
            Servers = [.. servers.Take(8)],
            RelayOnly = Settings.RelayOnly || options.RelayOnly,
            Targets = Settings.Targets ?? CheckTargets.SameHome with { AllowLoopback = options.UseLoopback },
        };
        _transport = new EndpointTransport(_loop, this, _host.Dtls, configuration, options, _host.Random);
        _media = new EndpointMedia(Settings, _transport, _negotiation, _host.Time, _loop, _talkBack, IncomingLevel, Received, HandleQuality);
        var hasVideo = Settings.Source is not null || Settings.Publish;
        _transport.Start(LocalAddresses.Find(options), hasVideo ? options.VideoDscp : options.AudioDscp, _loop.Now);
    }

    private void HandleQuality(ViewerQuality quality, long estimate, long rate)
    {
        Quality = quality;
        LogQuality(Settings.Name, quality, estimate / 1000, rate / 1000);
        QualityChanged?.Invoke(quality);
    }

    private string Describe(Func<EndpointTransport, IReadOnlyList<string>, bool, string> write)
    {
        var text = write(_transport!, [.. _candidates], _gathered.Task.IsCompleted);
        _described = true;
        return text;
    }

    private void Apply(NegotiatedSession session)
    {
        if (session.First is not { Transport: { } remote } || remote.IceUfrag.Length == 0 || session.Fingerprints.Count == 0)
            throw new MediaNegotiationException("the peer gives no ICE and DTLS transport");
        var now = _loop.Now;
        if (!_transport!.SetRemote(remote, session.Fingerprints, now)) throw new MediaNegotiationException("the ICE credentials of the peer are invalid");
        _media!.Apply(session, now);
    }

    private void SetState(MediaEndpointState state, string? reason)
    {
        if (State == state || State == MediaEndpointState.Closed) return;
        State = state;
        switch (state)
        {
            case MediaEndpointState.Connected:
                var peer = _transport!.Agent.ActivePair?.Remote.Address ?? default;
                LogConnected(Settings.Name, peer, _transport.Dtls?.CipherName);
                _connected.TrySetResult();
                break;
            case MediaEndpointState.Failed:
                FailureReason = reason;
                LogFailed(Settings.Name, reason ?? "no reason given");
                _connected.TrySetException(new MediaNegotiationException(reason ?? "failed"));
                break;
            case MediaEndpointState.Closed:
                LogClosed(Settings.Name, reason ?? "no reason given");
                _connected.TrySetException(new MediaNegotiationException(reason ?? "closed"));
                break;
        }
        // Nobody may be waiting; an unobserved failure is no fault.
        _ = _connected.Task.Exception;
        StateChanged?.Invoke(state, reason);
    }

    [LoggerMessage(EventId = 2200, EventName = "EndpointConnected", Level = LogLevel.Information, Message = "Endpoint {Endpoint} is connected to {Peer} with {Cipher}.")]
    private partial void LogConnected(string endpoint, Stun.TransportAddress peer, string? cipher);

    [LoggerMessage(EventId = 2201, EventName = "EndpointFailed", Level = LogLevel.Warning, Message = "Endpoint {Endpoint} failed: {Reason}.")]
    private partial void LogFailed(string endpoint, string reason);

    [LoggerMessage(EventId = 2203, EventName = "EndpointRelayFault", Level = LogLevel.Warning, Message = "Endpoint {Endpoint} cannot use relay {Server}: {Reason}.")]
    private partial void LogRelayFault(string endpoint, IceServer server, string reason);

    [LoggerMessage(EventId = 2204, EventName = "EndpointQuality", Level = LogLevel.Information, Message = "Endpoint {Endpoint} now gets the picture as {Quality}: its path takes about {Path} kbit/s, it was sent {Rate} kbit/s.")]
    private partial void LogQuality(string endpoint, ViewerQuality quality, long path, long rate);

    [LoggerMessage(EventId = 2202, EventName = "EndpointClosed", Level = LogLevel.Information, Message = "Endpoint {Endpoint} is closed: {Reason}.")]
    private partial void LogClosed(string endpoint, string reason);
}
