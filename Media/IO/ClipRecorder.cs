using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Recording;
using MediaRelay.Media.IO.Sources;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO;

/// <summary>
/// Keeps the last seconds of a source in memory (Media:ClipPreRoll, Media:ClipPreRollBytes) and writes clips as fragmented MP4 that start
/// before they were asked for. It uses the source from its creation to its disposal.
/// </summary>
public sealed class ClipRecorder : IAsyncDisposable
{
    private static readonly NegotiatedCodec[] Video = [new(KnownCodecs.H264(96), 96, 96)];
    private static readonly NegotiatedCodec[] Audio =
    [
        new(KnownCodecs.Pcmu, 0, 0), new(KnownCodecs.Pcma, 8, 8), new(KnownCodecs.Opus, 111, 111), new(new RtpCodec(97, "MPEG4-GENERIC", 48000), 97, 97),
    ];

    private readonly MediaHost _host;
    private readonly MediaSource _source;
    private readonly Queue<MediaSample> _ring = new();
    private readonly List<(ClipWriter Writer, TimeSpan Until)> _clips = [];
    private readonly SampleCollector _video;
    private readonly SampleCollector _audio;
    private readonly List<SourceSubscription> _subscriptions = [];
    private int _bytes;

    public ClipRecorder(MediaHost host, MediaSource source)
    {
        _host = host;
        _source = source;
        _video = new SampleCollector(0, Take);
        _audio = new SampleCollector(1, Take);
        source.Enter();
        host.Loop.Post(() =>
        {
            _subscriptions.Add(source.Subscribe(MediaKind.Video, Video, _video, (stream, _) => _video.SetStream(stream)));
            _subscriptions.Add(source.Subscribe(MediaKind.Audio, Audio, _audio, (stream, _) => _audio.SetStream(stream)));
        });
    }

    /// <summary>Seconds of media kept in memory now.</summary>
    public Task<TimeSpan> KeptAsync() => _host.Loop.InvokeAsync(() => _ring.Count == 0 ? TimeSpan.Zero : _host.Loop.Now - _ring.Peek().ArrivedAt);

    /// <summary>
    /// Writes a clip: the kept seconds from a key frame on, then <paramref name="length"/> more. Gives the file's length in bytes.
    /// Throws <see cref="CameraException"/> when no picture has come yet.
    /// </summary>
    public async Task<long> RecordAsync(string path, TimeSpan length, CancellationToken cancellation = default)
    {
        var writer = await _host.Loop.InvokeAsync(() => Begin(path, length));
        await using var ending = cancellation.Register(() => _host.Loop.Post(() => End(writer)));
        // The loop ends the clip with the first sample behind its time; a silent camera is ended here.
        await Task.WhenAny(writer.Finished, Task.Delay(length + TimeSpan.FromSeconds(2), _host.Time, CancellationToken.None));
        await _host.Loop.InvokeAsync(() => End(writer));
        return await writer.Finished;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.Loop.InvokeAsync(() =>
        {
            foreach (var subscription in _subscriptions) _source.Unsubscribe(subscription);
            foreach (var (writer, _) in _clips) writer.Complete();
            _clips.Clear();
        });
        _source.Leave();
    }

    private ClipWriter Begin(string path, TimeSpan length)
    {
        if (_video.Track is not { } video) throw new CameraException($"Source {_source.Name} has given no key frame yet, so no clip can start.");
        var tracks = new List<Mp4Track> { video };
        if (_audio.Track is { } audio) tracks.Add(audio);
        var writer = new ClipWriter(tracks, path);
        foreach (var sample in _ring)
        {
            if (sample.Track < tracks.Count) writer.Add(sample);
        }
        _clips.Add((writer, _host.Loop.Now + length));
        return writer;
    }

    private void End(ClipWriter writer)
    {
        writer.Complete();
        _clips.RemoveAll(c => c.Writer == writer);
    }

    private void Take(MediaSample sample)
    {
        for (var i = _clips.Count - 1; i >= 0; i--)
        {
            if (sample.ArrivedAt > _clips[i].Until) End(_clips[i].Writer);
            else _clips[i].Writer.Add(sample);
        }
        _ring.Enqueue(sample);
        _bytes += sample.Bytes.Length;
        Trim(sample.ArrivedAt);
    }

    // The ring always begins with a key frame: the oldest one is given up only when the next one is old enough, or memory is short.
    private void Trim(TimeSpan now)
    {
        while (_ring.Count > 0 && !(_ring.Peek() is { Track: 0, IsKey: true })) Drop();
        while (_ring.Count > 1)
        {
            var next = _ring.Skip(1).FirstOrDefault(s => s is { Track: 0, IsKey: true });
            if (next is null || (now - next.ArrivedAt < _host.Options.ClipPreRoll && _bytes <= _host.Options.ClipPreRollBytes)) break;
            do Drop();
            while (_ring.Count > 0 && !(_ring.Peek() is { Track: 0, IsKey: true }));
        }
    }

    private void Drop() => _bytes -= _ring.Dequeue().Bytes.Length;
}
