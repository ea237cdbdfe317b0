using System.Threading.Channels;

namespace MediaRelay.Media.IO.Recording;

/// <summary>Writes one clip from a queue of samples, outside the loop: a fragment for every key frame.</summary>
internal sealed class ClipWriter
{
    private readonly Channel<MediaSample> _queue = Channel.CreateBounded<MediaSample>(
        new BoundedChannelOptions(8192) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly IReadOnlyList<Mp4Track> _tracks;
    private readonly List<MediaSample> _pending = [];
    private readonly long[] _offset;
    private readonly bool[] _started;
    private TimeSpan _begin;

    public ClipWriter(IReadOnlyList<Mp4Track> tracks, string path)
    {
        _tracks = tracks;
        _offset = new long[tracks.Count];
        _started = new bool[tracks.Count];
        Finished = Task.Run(() => WriteAsync(path));
    }

    /// <summary>Completes when the file is whole; gives its length in bytes.</summary>
    public Task<long> Finished { get; }

    public void Add(MediaSample sample) => _queue.Writer.TryWrite(sample);

    public void Complete() => _queue.Writer.TryComplete();

    private async Task<long> WriteAsync(string path)
    {
        var writer = new FragmentedMp4Writer(_tracks);
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 64 * 1024, useAsync: true);
        await file.WriteAsync(writer.WriteHeader());
        var hasVideo = _tracks.Any(t => t.IsVideo);
        await foreach (var sample in _queue.Reader.ReadAllAsync())
        {
            var isVideo = _tracks[sample.Track].IsVideo;
            var starts = isVideo ? sample.IsKey : !hasVideo && _pending.Count >= 50;
            if (starts && _pending.Count > 0) await FlushAsync(writer, file, isVideo ? Place(sample) : null);
            if (hasVideo && _pending.Count == 0 && !isVideo && !_started.Contains(true)) continue;
            _pending.Add(Place(sample));
        }
        if (_pending.Count > 0) await FlushAsync(writer, file, null);
        return file.Length;
    }

    // All tracks begin at the arrival of the first sample; from there each follows its own clock.
    private MediaSample Place(MediaSample sample)
    {
        if (!_started.Contains(true)) _begin = sample.ArrivedAt;
        if (!_started[sample.Track])
        {
            _started[sample.Track] = true;
            _offset[sample.Track] = (long)((sample.ArrivedAt - _begin).TotalSeconds * _tracks[sample.Track].Timescale) - sample.Time;
        }
        return sample with { Time = Math.Max(0, sample.Time + _offset[sample.Track]) };
    }

    private async Task FlushAsync(FragmentedMp4Writer writer, FileStream file, MediaSample? nextVideo)
    {
        var ends = new long[_tracks.Count];
        for (var track = 0; track < ends.Length; track++)
        {
            var own = _pending.Where(s => s.Track == track).ToList();
            if (own.Count == 0) continue;
            var usual = own.Count > 1 ? (own[^1].Time - own[0].Time) / (own.Count - 1) : _tracks[track].Timescale / 50;
            ends[track] = nextVideo?.Track == track ? nextVideo.Time : own[^1].Time + Math.Max(1, usual);
        }
        await file.WriteAsync(writer.WriteFragment(_pending, ends));
        await file.FlushAsync();
        _pending.Clear();
    }
}
