namespace MediaRelay.Media.IO.Recording;

/// <summary>
/// Writes fragmented MP4 (ISO/IEC 14496-12 section 8.8): a header, then fragments that can be played up to the last whole one,
/// whatever happens to the process. Bytes in, bytes out; the caller stores them.
/// </summary>
internal sealed class FragmentedMp4Writer(IReadOnlyList<Mp4Track> tracks)
{
    private readonly Mp4Boxes _boxes = new();
    private uint _sequence;

    /// <summary>ftyp and moov. The result is good until the next call.</summary>
    public ReadOnlyMemory<byte> WriteHeader()
    {
        _boxes.Clear();
        var type = _boxes.Begin("ftyp");
        _boxes.Text("iso6");
        _boxes.U32(1);
        _boxes.Text("iso6isommp41");
        _boxes.End(type);

        var movie = _boxes.Begin("moov");
        var header = _boxes.Begin("mvhd", 0, 0);
        _boxes.Zero(8);
        _boxes.U32(1000);
        _boxes.U32(0);
        _boxes.U32(0x00010000);
        _boxes.U16(0x0100);
        _boxes.Zero(10);
        WriteMatrix();
        _boxes.Zero(24);
        _boxes.U32((uint)tracks.Count + 1);
        _boxes.End(header);
        for (var i = 0; i < tracks.Count; i++) WriteTrack(i);
        var extends = _boxes.Begin("mvex");
        for (var i = 0; i < tracks.Count; i++)
        {
            var defaults = _boxes.Begin("trex", 0, 0);
            _boxes.U32((uint)i + 1);
            _boxes.U32(1);
            _boxes.Zero(12);
            _boxes.End(defaults);
        }
        _boxes.End(extends);
        _boxes.End(movie);
        return _boxes.Written;
    }

    /// <summary>
    /// One moof and mdat. Samples are grouped by track in their order; each lasts until the next of its track in <paramref name="endTimes"/>.
    /// The result is good until the next call.
    /// </summary>
    public ReadOnlyMemory<byte> WriteFragment(IReadOnlyList<MediaSample> samples, IReadOnlyList<long> endTimes)
    {
        _boxes.Clear();
        var fragment = _boxes.Begin("moof");
        var header = _boxes.Begin("mfhd", 0, 0);
        _boxes.U32(++_sequence);
        _boxes.End(header);
        var offsets = new List<(int Position, int Track)>();
        for (var track = 0; track < tracks.Count; track++)
        {
            var own = samples.Where(s => s.Track == track).ToList();
            if (own.Count == 0) continue;
            offsets.Add((WriteTrackFragment(track, own, endTimes[track]), track));
        }
        _boxes.End(fragment);
        var fragmentLength = _boxes.Length - fragment;
        var media = _boxes.Begin("mdat");
        foreach (var (position, track) in offsets)
        {
            _boxes.Patch(position, (uint)(_boxes.Length - fragment));
            foreach (var sample in samples)
            {
                if (sample.Track == track) _boxes.Bytes(sample.Bytes.Span);
            }
        }
        _boxes.End(media);
        System.Diagnostics.Debug.Assert(fragmentLength > 0);
        return _boxes.Written;
    }

    private int WriteTrackFragment(int track, List<MediaSample> samples, long end)
    {
        var box = _boxes.Begin("traf");
        var header = _boxes.Begin("tfhd", 0, 0x020000); // default-base-is-moof
        _boxes.U32((uint)track + 1);
        _boxes.End(header);
        var time = _boxes.Begin("tfdt", 1, 0);
        _boxes.U64((ulong)Math.Max(0, samples[0].Time));
        _boxes.End(time);
        var run = _boxes.Begin("trun", 0, 0x000701); // data offset, duration, size, flags
        _boxes.U32((uint)samples.Count);
        var offset = _boxes.Length;
        _boxes.U32(0);
        for (var i = 0; i < samples.Count; i++)
        {
            var next = i + 1 < samples.Count ? samples[i + 1].Time : end;
            _boxes.U32((uint)Math.Clamp(next - samples[i].Time, 1, int.MaxValue));
            _boxes.U32((uint)samples[i].Bytes.Length);
            _boxes.U32(samples[i].IsKey ? 0x02000000u : 0x01010000u); // depends on none; depends on others and is not a sync sample
        }
        _boxes.End(run);
        _boxes.End(box);
        return offset;
    }

    private void WriteTrack(int index)
    {
        var track = tracks[index];
        var box = _boxes.Begin("trak");
        var header = _boxes.Begin("tkhd", 0, 3);
        _boxes.Zero(8);
        _boxes.U32((uint)index + 1);
        _boxes.Zero(16);
        _boxes.U16(0);
        _boxes.U16(track.IsVideo ? 0 : 0x0100);
        _boxes.U16(0);
        WriteMatrix();
        _boxes.U32((uint)track.Width << 16);
        _boxes.U32((uint)track.Height << 16);
        _boxes.End(header);

        var media = _boxes.Begin("mdia");
        var mediaHeader = _boxes.Begin("mdhd", 0, 0);
        _boxes.Zero(8);
        _boxes.U32((uint)track.Timescale);
        _boxes.U32(0);
        _boxes.U16(0x55C4); // language "und"
        _boxes.U16(0);
        _boxes.End(mediaHeader);
        var handler = _boxes.Begin("hdlr", 0, 0);
        _boxes.U32(0);
        _boxes.Text(track.IsVideo ? "vide" : "soun");
        _boxes.Zero(13);
        _boxes.End(handler);

        var information = _boxes.Begin("minf");
        if (track.IsVideo)
        {
            var video = _boxes.Begin("vmhd", 0, 1);
            _boxes.Zero(8);
            _boxes.End(video);
        }
        else
        {
            var sound = _boxes.Begin("smhd", 0, 0);
            _boxes.Zero(4);
            _boxes.End(sound);
        }
        var dataInformation = _boxes.Begin("dinf");
        var references = _boxes.Begin("dref", 0, 0);
        _boxes.U32(1);
        _boxes.End(_boxes.Begin("url ", 0, 1));
        _boxes.End(references);
        _boxes.End(dataInformation);
        var table = _boxes.Begin("stbl");
        Mp4SampleEntry.Write(_boxes, track);
        foreach (var empty in (string[])["stts", "stsc", "stco"])
        {
            var list = _boxes.Begin(empty, 0, 0);
            _boxes.U32(0);
            _boxes.End(list);
        }
        var sizes = _boxes.Begin("stsz", 0, 0);
        _boxes.Zero(8);
        _boxes.End(sizes);
        _boxes.End(table);
        _boxes.End(information);
        _boxes.End(media);
        _boxes.End(box);
    }

    private void WriteMatrix()
    {
        foreach (var value in (ReadOnlySpan<uint>)[0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000]) _boxes.U32(value);
    }
}
