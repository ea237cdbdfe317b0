using System.Collections.Concurrent;
using MediaRelay.Gateway.Session;
using MediaRelay.Media.IO;
using MediaRelay.Media.IO.Cameras;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Gateway.Cameras;

/// <summary>The home's cameras behind <see cref="IGatewayMedia"/>: each media session is one endpoint; viewers of one camera share its connection.</summary>
public sealed partial class HomeMedia : IGatewayMedia, IAsyncDisposable
{
    private const int MaxSessions = 32;
    private readonly MediaHost _host;
    private readonly IReadOnlyDictionary<string, CameraEntry> _cameras;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, HomeMediaSession> _sessions = new(StringComparer.Ordinal);

    /// <summary>Makes the media of a home.</summary>
    /// <param name="host">The media of the process.</param>
    /// <param name="cameras">Cameras by their device ref.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public HomeMedia(MediaHost host, IReadOnlyDictionary<string, CameraEntry> cameras, TimeProvider time, ILogger logger)
    {
        _host = host;
        _cameras = cameras;
        _time = time;
        _logger = logger;
    }

    /// <summary>Media sessions that run now.</summary>
    public int SessionCount => _sessions.Count;

    public async Task<ResultBody?> HandleAsync(Instruction instruction, IGatewayMediaReplies replies, CancellationToken cancellation)
    {
        if (instruction.Kind == InstructionKinds.ClipRequest && instruction.Body is ClipBody clip)
            return await ClipAsync(instruction, clip, replies, cancellation).ConfigureAwait(false);
        if (instruction.Body is not MediaBody media)
            return new ResultBody("refused", "body", "The instruction lacks a media body.");
        switch (instruction.Kind)
        {
            case InstructionKinds.MediaOffer:
                lock (_sessions)
                    return StartOrRestart(instruction, media, replies);
            case InstructionKinds.MediaCandidate:
                if (_sessions.TryGetValue(media.Session, out HomeMediaSession? known))
                    await known.AddCandidatesAsync(media).ConfigureAwait(false);
                return null;
            case InstructionKinds.MediaEnd:
                if (_sessions.TryRemove(media.Session, out HomeMediaSession? ended))
                    await ended.EndAsync(media.Reason ?? "ended by the server", tell: false).ConfigureAwait(false);
                return null;
            default:
                return new ResultBody("refused", "kind", $"{instruction.Kind} is not offered by this gateway.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        ClipRecorder[] recorders;
        lock (_recorders)
        {
            recorders = [.. _recorders.Values];
            _recorders.Clear();
            if (_clipFolder is not null)
                Directory.Delete(_clipFolder, true);
            _clipFolder = null;
        }

        foreach (ClipRecorder recorder in recorders)
            await recorder.DisposeAsync().ConfigureAwait(false);
        foreach (string id in _sessions.Keys)
        {
            if (_sessions.TryRemove(id, out HomeMediaSession? session))
                await session.EndAsync("the gateway stops", tell: true).ConfigureAwait(false);
        }
    }

    /// <summary>Stops media at once, e.g. because the session with the server was lost for good.</summary>
    public async Task EndAllAsync(string reason)
    {
        foreach (string id in _sessions.Keys)
        {
            if (_sessions.TryRemove(id, out HomeMediaSession? session))
                await session.EndAsync(reason, tell: true).ConfigureAwait(false);
        }
    }

    private ResultBody? StartOrRestart(Instruction instruction, MediaBody media, IGatewayMediaReplies replies)
    {
        if (_sessions.TryGetValue(media.Session, out HomeMediaSession? known))
        {
            _ = known.RestartAsync(media, instruction.Id);
            return null;
        }

        if (media.Camera is null || !_cameras.TryGetValue(media.Camera, out CameraEntry? camera))
            return Refuse(media, replies, instruction, "camera-unknown", $"The home has no camera {media.Camera}.");
        if (_sessions.Count >= MaxSessions)
            return Refuse(media, replies, instruction, "too-many-sessions", $"{MaxSessions} sessions run already.");
        if (!_host.TryOpenSource(camera.Url, out MediaSource? source, out string error))
            return Refuse(media, replies, instruction, "camera-fault", $"Camera {media.Camera} cannot be used: {error}");
        var session = new HomeMediaSession(_host, media, source, camera.TalkBack, replies, _time, _logger, ended => _sessions.TryRemove(ended, out _));
        _sessions[media.Session] = session;
        _ = session.StartAsync(media, instruction.Id);
        return null;
    }

    private static ResultBody Refuse(MediaBody media, IGatewayMediaReplies replies, Instruction instruction, string code, string text)
    {
        // The server waits for an answer to the offer: an answer without SDP says no at once.
        replies.Send(SmaEventKinds.MediaAnswer, new MediaBody { Session = media.Session, Camera = media.Camera, Reason = code, Detail = text }, instruction.Id);
        return new ResultBody("refused", code, text);
    }
}

/// <summary>A camera of the home.</summary>
/// <param name="Url">Its address: test:, rtsp://, http:// or file:.</param>
/// <param name="TalkBack">Where the viewer's voice goes; null means the camera's own back-channel, when it has one.</param>
public sealed record CameraEntry(string Url, ITalkBack? TalkBack = null);
