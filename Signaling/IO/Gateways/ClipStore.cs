using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>
/// Clips and stills of gateways, one folder per gateway; an upload may stop and go on where it stopped. A clip that came while an alarm was worked is an
/// alarm's clip: it is kept longer, and when the store is full the oldest clips without an alarm give way to it. Stills are only passed on.
/// </summary>
internal sealed class ClipStore(string folder, long maxClip, long quota)
{
    /// <summary>How the id of a still begins that a page asked for.</summary>
    public const string StillPrefix = "still-";

    /// <summary>Largest still, and what the stills of one gateway may take together; they count in no quota, because they are gone in a moment.</summary>
    public const long MaxStill = 8 * 1024 * 1024;
    public const long MaxStills = 4 * MaxStill;

    /// <summary>After this time nobody fetches a still any more, and nobody goes on with an upload.</summary>
    public static readonly TimeSpan KeepStills = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan KeepPartial = TimeSpan.FromDays(1);

    private const string Whole = "clip_", Partial = "part_", Alarm = "alarm_";

    private readonly ConcurrentDictionary<string, Shelf> _shelves = new(StringComparer.Ordinal);

    public static bool IsStill(string clip) => clip.StartsWith(StillPrefix, StringComparison.Ordinal);

    /// <summary>Octets that are there, and whether the clip is complete.</summary>
    public (long Length, bool IsComplete) Status(string gateway, string clip)
    {
        var whole = new FileInfo(PathOf(gateway, Whole, clip));
        if (whole.Exists)
            return (whole.Length, true);
        var partial = new FileInfo(PathOf(gateway, Partial, clip));
        return (partial.Exists ? partial.Length : 0, false);
    }

    /// <summary>Opens a complete clip for reading; null when there is none.</summary>
    public FileStream? Open(string gateway, string clip)
    {
        try
        {
            return new FileStream(PathOf(gateway, Whole, clip), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Whether it is an alarm's clip.</summary>
    public bool IsAlarm(string gateway, string clip) => File.Exists(PathOf(gateway, Alarm, clip));

    /// <summary>Removes a clip, also one that is read at the moment; false when there was none.</summary>
    public bool Remove(string gateway, string clip)
    {
        Shelf shelf = ShelfOf(gateway);
        lock (shelf)
            return Delete(shelf, gateway, clip);
    }

    /// <summary>Reads a Content-Range header: <c>bytes a-b/total</c>, or <c>bytes */total</c> to ask how far it is. No header means all at once.</summary>
    public static bool TryReadRange(string? header, long? contentLength, out long from, out long length, out long total)
    {
        from = 0;
        length = contentLength ?? -1;
        total = length;
        if (string.IsNullOrEmpty(header))
            return contentLength > 0;
        if (!ContentRangeHeaderValue.TryParse(header, out ContentRangeHeaderValue? range) || range.Unit != "bytes" || range.Length is not { } whole)
            return false;
        total = whole;
        if (range.From is not { } first || range.To is not { } last)
        {
            length = 0;
            from = -1;
            return contentLength is 0 or null;
        }

        from = first;
        length = last - first + 1;
        return contentLength == length && last < whole;
    }

    /// <summary>Writes a part; it must start where the last one ended.</summary>
    public async Task<ClipOutcome> WriteAsync(string gateway, string clip, long from, long length, long total, bool isAlarm, Stream body, CancellationToken aborted)
    {
        (long present, bool isComplete) = Status(gateway, clip);
        if (isComplete)
            return new ClipOutcome(ClipResult.Complete, present);
        if (total > (IsStill(clip) ? Math.Min(MaxStill, maxClip) : maxClip))
            return new ClipOutcome(ClipResult.TooLarge, present);
        if (from < 0)
            return new ClipOutcome(ClipResult.Incomplete, present);
        if (from > present)
            return new ClipOutcome(ClipResult.Gap, present);
        Directory.CreateDirectory(FolderOf(gateway));
        string path = PathOf(gateway, Partial, clip);
        Shelf shelf = ShelfOf(gateway);
        long reserved = Math.Max(0, from + length - present);
        if (!TryReserve(shelf, gateway, clip, reserved, total - present, isAlarm))
            return new ClipOutcome(ClipResult.QuotaReached, present);
        long before = present;
        try
        {
            FileStream stream;
            try
            {
                stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            }
            catch (IOException)
            {
                return new ClipOutcome(ClipResult.Busy, present);
            }

            await using (stream)
            {
                stream.Position = from;
                try
                {
                    await body.CopyToAsync(stream, aborted).ConfigureAwait(false);
                }
                finally
                {
                    // What arrived is kept: the next part starts behind it.
                    stream.Flush(flushToDisk: true);
                    present = stream.Position;
                }

                stream.SetLength(present);
            }

            if (present < total)
                return new ClipOutcome(ClipResult.Incomplete, present);
            if (isAlarm)
                await File.WriteAllBytesAsync(PathOf(gateway, Alarm, clip), [], CancellationToken.None).ConfigureAwait(false);
            File.Move(path, PathOf(gateway, Whole, clip), overwrite: false);
            return new ClipOutcome(ClipResult.Complete, present);
        }
        finally
        {
            lock (shelf)
                shelf.Add(clip, present - before - reserved);
        }
    }

    /// <summary>The Range header of an answer: what is there.</summary>
    public static string? RangeHeader(long present) => present > 0 ? string.Create(CultureInfo.InvariantCulture, $"bytes=0-{present - 1}") : null;

    /// <summary>Removes what is older than its class allows: clips with and without an alarm, stills that nobody fetched, uploads that nobody finished. Returns how many clips.</summary>
    public int Sweep(DateTimeOffset utcNow, TimeSpan keepAlarms, TimeSpan keepOthers)
    {
        int swept = 0;
        foreach (DirectoryInfo directory in Files(folder, d => d.EnumerateDirectories("gw_*")))
        {
            string gateway = directory.Name["gw_".Length..];
            Shelf shelf = ShelfOf(gateway);
            foreach (FileInfo file in Files(directory.FullName, d => d.EnumerateFiles()))
            {
                TimeSpan age = utcNow - file.LastWriteTimeUtc;
                if (file.Name.StartsWith(Whole, StringComparison.Ordinal))
                {
                    string clip = file.Name[Whole.Length..];
                    if (age <= (IsStill(clip) ? KeepStills : IsAlarm(gateway, clip) ? keepAlarms : keepOthers))
                        continue;
                    lock (shelf)
                        swept += Delete(shelf, gateway, clip) ? 1 : 0;
                }
                else if (age > KeepPartial && file.Name.StartsWith(Partial, StringComparison.Ordinal))
                {
                    lock (shelf)
                        Delete(shelf, file, file.Name[Partial.Length..]);
                }
                else if (age > KeepPartial && file.Name.StartsWith(Alarm, StringComparison.Ordinal) && Status(gateway, file.Name[Alarm.Length..]) == default)
                {
                    file.Delete();
                }
            }
        }

        return swept;
    }

    /// <summary>Books the octets when there is room for the whole clip, for an alarm's clip by removing the oldest clips without an alarm.</summary>
    private bool TryReserve(Shelf shelf, string gateway, string clip, long octets, long needed, bool isAlarm)
    {
        lock (shelf)
        {
            if (IsStill(clip))
            {
                if (shelf.Stills + needed > MaxStills)
                    return false;
                shelf.Add(clip, octets);
                return true;
            }

            long missing = shelf.Clips + needed - quota;
            if (missing > 0 && isAlarm)
            {
                FileInfo[] others = [.. Files(FolderOf(gateway), d => d.EnumerateFiles(Whole + "*"))
                    .Where(file => file.Name[Whole.Length..] is var id && !IsStill(id) && !IsAlarm(gateway, id)).OrderBy(file => file.LastWriteTimeUtc).ThenBy(file => file.Name, StringComparer.Ordinal)];
                // What would not be enough is not removed for nothing.
                if (others.Sum(file => file.Length) >= missing)
                {
                    for (int i = 0; i < others.Length && shelf.Clips + needed > quota; i++)
                        Delete(shelf, gateway, others[i].Name[Whole.Length..]);
                }
            }

            if (shelf.Clips + needed > quota)
                return false;
            shelf.Add(clip, octets);
            return true;
        }
    }

    private bool Delete(Shelf shelf, string gateway, string clip)
    {
        File.Delete(PathOf(gateway, Alarm, clip));
        return Delete(shelf, new FileInfo(PathOf(gateway, Whole, clip)), clip);
    }

    private static bool Delete(Shelf shelf, FileInfo file, string clip)
    {
        if (!file.Exists)
            return false;
        long length = file.Length;
        file.Delete();
        shelf.Add(clip, -length);
        return true;
    }

    private Shelf ShelfOf(string gateway) => _shelves.GetOrAdd(gateway, id =>
    {
        var shelf = new Shelf();
        foreach (FileInfo file in Files(FolderOf(id), d => d.EnumerateFiles()))
        {
            int prefix = file.Name.IndexOf('_', StringComparison.Ordinal) + 1;
            shelf.Add(file.Name[prefix..], file.Length);
        }

        return shelf;
    });

    private static T[] Files<T>(string folder, Func<DirectoryInfo, IEnumerable<T>> list) => new DirectoryInfo(folder) is { Exists: true } directory ? [.. list(directory)] : [];

    private string FolderOf(string gateway) => Path.Combine(folder, "gw_" + gateway);

    // Both ids are of the alphabet A-Za-z0-9._- ; a prefix keeps "." and ".." from meaning a folder, and one clip's files from being taken for another's.
    private string PathOf(string gateway, string prefix, string clip) => Path.Combine(FolderOf(gateway), prefix + clip);

    /// <summary>What one gateway's files take, read from the folder once and kept up to date; its own lock.</summary>
    private sealed class Shelf
    {
        public long Clips { get; private set; }

        public long Stills { get; private set; }

        public void Add(string clip, long octets)
        {
            if (IsStill(clip))
                Stills += octets;
            else
                Clips += octets;
        }
    }
}
