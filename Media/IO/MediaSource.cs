using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Cameras.Ffmpeg;
using MediaRelay.Media.IO.Net;
using MediaRelay.Media.IO.Sources;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Sdp;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Media.IO;

/// <summary>
/// A camera, or what another endpoint receives, shared by all who watch it: one connection however many viewers, formats made on demand
/// and shared, and the packets since the last key frame kept so that a new viewer starts at once. Get one from <see cref="MediaHost"/>.
/// </summary>
public sealed partial class MediaSource : ICameraSink, IPacketTarget, IAsyncDisposable
{
    private readonly MediaHost _host;
    private readonly MediaLoop _loop;
    private readonly ILogger _logger;
    private readonly SourceSupervisor? _supervisor;
    private readonly ICamera? _camera;
    private readonly List<SourceStream> _streams = [];
    private readonly List<SourceSubscription> _subscriptions = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly JpegDepacketizer _jpeg = new();
    private CameraTrack[] _tracks = [];
    private Transcoder[][] _transcoders = [];
    private byte[]? _lastPicture;

    internal MediaSource(MediaHost host, string name, ICamera? camera, ILogger logger)
    {
        _host = host;
        _loop = host.Loop;
        _logger = logger;
        _camera = camera;
        Name = name;
        if (camera is not null) _supervisor = new SourceSupervisor(camera, this, host.Options, host.Time, logger, HandleCameraState);
    }

    /// <summary>What logs and statistics call the source; holds no password.</summary>
    public string Name { get; }

    /// <summary>What the camera sends; empty until it answered for the first time.</summary>
    public IReadOnlyList<CameraTrack> Tracks => Volatile.Read(ref _tracks);

    /// <summary>The camera's own back-channel, or null.</summary>
    public ITalkBack? TalkBack { get; private set; }

    /// <summary>Why the camera gives no media at the moment; null when it does or was not asked.</summary>
    public string? Fault { get; private set; }

    /// <summary>Those who use the source now: endpoints, recorders, still pictures.</summary>
    public int Users => _supervisor?.Users ?? 0;

    /// <summary>Running transcoders of this source.</summary>
    public int TranscoderCount => Volatile.Read(ref _transcoders).Sum(t => t.Length);

    /// <summary>Completes when the tracks are known. The camera is only connected while somebody uses it.</summary>
    public Task WhenReady => _ready.Task;

    /// <summary>The newest JPEG of a camera that sends pictures; null for others.</summary>
    internal byte[]? LastPicture => Volatile.Read(ref _lastPicture);

    internal Action<int>? KeyFrameWanted { get; set; }

    void ICameraSink.HandleTracks(IReadOnlyList<CameraTrack> tracks, ITalkBack? talkBack)
    {
        TalkBack = talkBack;
        Fault = null;
        _loop.Post(() => SetTracks(tracks));
    }

    void ICameraSink.HandleRtp(int track, ReadOnlySpan<byte> packet)
    {
        if (track < _tracks.Length && _tracks[track].IsPictures)
        {
            // JPEG over RTP (RFC 2435): put together here, so that still pictures cost nothing and a child reads whole files.
            if (RtpPacket.TryRead(packet, out var rtp) && _jpeg.Add(rtp, out var frame) == DepacketizeStatus.Frame && !frame.IsDamaged)
                ((ICameraSink)this).HandlePicture(track, frame.Content);
            return;
        }
        var transcoders = Volatile.Read(ref _transcoders);
        if (track < transcoders.Length)
        {
            foreach (var transcoder in transcoders[track]) transcoder.HandleRtp(packet);
        }
        _loop.Post(this, track, packet);
    }

    void ICameraSink.HandleRtcp(int track, ReadOnlySpan<byte> packet)
    {
        // Viewers get sender reports of our own clock; those of a camera, often wrong, are not passed on.
    }

    void ICameraSink.HandlePicture(int track, ReadOnlySpan<byte> jpeg)
    {
        Volatile.Write(ref _lastPicture, jpeg.ToArray());
        var transcoders = Volatile.Read(ref _transcoders);
        if (track >= transcoders.Length) return;
        foreach (var transcoder in transcoders[track]) transcoder.HandlePicture(jpeg);
    }

    void IPacketTarget.HandlePacket(int tag, Span<byte> packet, TimeSpan now)
    {
        if (tag < _streams.Count) _streams[tag].HandleRtp(packet, now);
    }

    public async ValueTask DisposeAsync()
    {
        if (_supervisor is not null) await _supervisor.DisposeAsync();
        (_camera as IDisposable)?.Dispose();
        foreach (var transcoder in await _loop.InvokeAsync(TakeTranscoders)) await transcoder.DisposeAsync();
    }

    internal void Enter() => _supervisor?.Enter();

    internal void Leave() => _supervisor?.Leave();

    /// <summary>Gives a viewer the stream it can take, a transcoded one when needed and allowed; on the loop. Null when there is none.</summary>
    internal SourceSubscription Subscribe(MediaKind kind, IReadOnlyList<NegotiatedCodec> codecs, IStreamViewer viewer, Action<SourceStream?, NegotiatedCodec?> chosen, bool reduced = false)
    {
        var subscription = new SourceSubscription(kind, codecs, viewer, chosen) { IsReduced = reduced };
        _subscriptions.Add(subscription);
        Choose(subscription);
        return subscription;
    }

    internal void Unsubscribe(SourceSubscription subscription)
    {
        _subscriptions.Remove(subscription);
        Detach(subscription);
        StopIdleTranscoders();
    }

    /// <summary>Whether a smaller picture can be had for a viewer: it is made already, or one child more may run. On the loop.</summary>
    internal bool CanReduce(SourceSubscription subscription) =>
        subscription.Codecs.Any(c => c.Codec.Is("H264"))
        && (_streams.Exists(s => s.IsReduced && s.Transcoder is not null) || _host.Transcoders < _host.Options.MaxTranscoders);

    /// <summary>Gives a viewer the smaller picture or the whole one; false when the smaller one cannot be made. On the loop.</summary>
    internal bool SetReduced(SourceSubscription subscription, bool reduced)
    {
        if (subscription.IsReduced == reduced) return true;
        subscription.IsReduced = reduced;
        Detach(subscription);
        Choose(subscription);
        StopIdleTranscoders();
        return !reduced || subscription.Stream is { IsReduced: true };
    }

    /// <summary>Asks the camera for a key frame; the feed limits the rate. On the loop.</summary>
    internal void RequestKeyFrame(SourceStream stream)
    {
        if (stream.Transcoder is not null) return;
        if (_camera is Cameras.Rtsp.RtspCamera rtsp) rtsp.RequestKeyFrame(stream.Track.Index);
        KeyFrameWanted?.Invoke(stream.Track.Index);
    }

    /// <summary>The stream of a track as the camera sends it; on the loop.</summary>
    internal SourceStream? Original(MediaKind kind) => _streams.Find(s => s.Transcoder is null && s.Track.Kind == kind && !s.Track.IsPictures);

    private void HandleCameraState(string? fault) => Fault = fault;

    private void SetTracks(IReadOnlyList<CameraTrack> tracks)
    {
        var same = tracks.Count == _tracks.Length && tracks.Zip(_tracks).All(p => p.First.Codec.Equals(p.Second.Codec) && p.First.IsPictures == p.Second.IsPictures);
        Volatile.Write(ref _tracks, [.. tracks]);
        if (!same)
        {
            foreach (var subscription in _subscriptions) Detach(subscription);
            foreach (var transcoder in TakeTranscoders()) _ = transcoder.DisposeAsync().AsTask();
            _streams.Clear();
            for (var i = 0; i < tracks.Count; i++) _streams.Add(new SourceStream(i, tracks[i], tracks[i].Codec));
            Volatile.Write(ref _transcoders, [.. tracks.Select(_ => Array.Empty<Transcoder>())]);
            foreach (var subscription in _subscriptions) Choose(subscription);
            var codecs = string.Join(", ", tracks.Select(t => t.Codec.Name));
            LogTracks(Name, codecs);
        }
        _ready.TrySetResult();
    }

    private void Choose(SourceSubscription subscription)
    {
        var track = Array.Find(_tracks, t => t.Kind == subscription.Kind);
        if (track is null || subscription.Codecs.Count == 0)
        {
            subscription.Attach(null, null);
            return;
        }
        if (subscription.IsReduced && subscription.Codecs.FirstOrDefault(c => c.Codec.Is("H264")) is { } small && Transcoded(track, small.Codec, reduced: true) is { } reducedStream)
        {
            subscription.Attach(reducedStream, small);
            return;
        }
        var direct = track.IsPictures ? null : subscription.Codecs.FirstOrDefault(c => c.Codec.Is(track.Codec.Name));
        var codec = direct ?? subscription.Codecs[0];
        var stream = direct is not null ? _streams[track.Index] : Transcoded(track, codec.Codec);
        subscription.Attach(stream, stream is null ? null : codec);
    }

    private SourceStream? Transcoded(CameraTrack track, RtpCodec wanted, bool reduced = false)
    {
        var existing = _streams.Find(s => s.Transcoder is not null && s.Track.Index == track.Index && s.Codec.Is(wanted.Name) && s.IsReduced == reduced);
        if (existing is not null) return existing;
        RtpCodec? output = null;
        foreach (var known in (RtpCodec[])[FfmpegOutputs.H264, FfmpegOutputs.Pcmu, FfmpegOutputs.Pcma, FfmpegOutputs.Opus])
        {
            if (known.Is(wanted.Name)) output = known;
        }
        if (output is null || !_host.TryTakeTranscoder())
        {
            LogNoTranscoder(Name, wanted.Name);
            return null;
        }
        var free = _streams.FindIndex(_tracks.Length, s => s.Transcoder is null && s.ViewerCount == 0);
        var index = free >= 0 ? free : _streams.Count;
        var stream = new SourceStream(index, track, output) { IsReduced = reduced };
        stream.Transcoder = new Transcoder(_host.Options.FfmpegPath, track, output, reduced, _host.Time, (packet, isRtcp) =>
        {
            if (!isRtcp) _loop.Post(this, index, packet);
        }, reason => LogTranscoderEnded(Name, wanted.Name, reason));
        if (free >= 0) _streams[index] = stream;
        else _streams.Add(stream);
        SetTranscoders(track.Index, [.. _transcoders[track.Index], stream.Transcoder]);
        return stream;
    }

    private static void Detach(SourceSubscription subscription) => subscription.Detach();

    private void StopIdleTranscoders()
    {
        foreach (var stream in _streams)
        {
            if (stream.Transcoder is null || stream.ViewerCount > 0) continue;
            // Wait a little: the next viewer of the same format is often the same person.
            _ = Task.Delay(_host.Options.IdleTimeout, _host.Time).ContinueWith(_ => _loop.Post(() => StopTranscoder(stream)), TaskScheduler.Default);
        }
    }

    private void StopTranscoder(SourceStream stream)
    {
        if (stream.Transcoder is not { } transcoder || stream.ViewerCount > 0) return;
        stream.Transcoder = null;
        SetTranscoders(stream.Track.Index, [.. _transcoders[stream.Track.Index].Where(t => t != transcoder)]);
        _host.ReturnTranscoder();
        _ = transcoder.DisposeAsync().AsTask();
    }

    private void SetTranscoders(int track, Transcoder[] transcoders)
    {
        var all = (Transcoder[][])_transcoders.Clone();
        all[track] = transcoders;
        Volatile.Write(ref _transcoders, all);
    }

    private List<Transcoder> TakeTranscoders()
    {
        var taken = _streams.Where(s => s.Transcoder is not null).Select(s => s.Transcoder!).ToList();
        foreach (var stream in _streams) stream.Transcoder = null;
        foreach (var _ in taken) _host.ReturnTranscoder();
        Volatile.Write(ref _transcoders, []);
        return taken;
    }

    [LoggerMessage(EventId = 2110, EventName = "SourceTracks", Level = LogLevel.Information, Message = "Source {Source} has these tracks: {Codecs}.")]
    private partial void LogTracks(string source, string codecs);

    [LoggerMessage(EventId = 2111, EventName = "TranscoderRefused", Level = LogLevel.Warning, Message = "A viewer of source {Source} needs {Codec}, which is not sent because Media:MaxTranscoders children run already or the format is unknown.")]
    private partial void LogNoTranscoder(string source, string codec);

    [LoggerMessage(EventId = 2112, EventName = "TranscoderEnded", Level = LogLevel.Warning, Message = "The ffmpeg child that makes {Codec} of source {Source} ended and is started anew: {Reason}")]
    private partial void LogTranscoderEnded(string source, string codec, string reason);
}
