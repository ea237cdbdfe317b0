using System.Globalization;
using System.Net.Http.Headers;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>Clips and stills of gateways, one folder per gateway; an upload may stop and go on where it stopped.</summary>
internal sealed class ClipStore(string folder, long maxClip, long quota)
{
    private const string Partial = ".part";

    /// <summary>Octets that are there, and whether the clip is complete.</summary>
    public (long Length, bool IsComplete) Status(string gateway, string clip)
    {
        string path = PathOf(gateway, clip);
        if (File.Exists(path))
            return (new FileInfo(path).Length, true);
        var partial = new FileInfo(path + Partial);
        return (partial.Exists ? partial.Length : 0, false);
    }

    /// <summary>Opens a complete clip for reading; null when there is none.</summary>
    public FileStream? Open(string gateway, string clip)
    {
        string path = PathOf(gateway, clip);
        return File.Exists(path) ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read) : null;
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
    public async Task<ClipOutcome> WriteAsync(string gateway, string clip, long from, long length, long total, Stream body, CancellationToken aborted)
    {
        (long present, bool isComplete) = Status(gateway, clip);
        if (isComplete)
            return new ClipOutcome(ClipResult.Complete, present);
        if (total > maxClip)
            return new ClipOutcome(ClipResult.TooLarge, present);
        if (from < 0)
            return new ClipOutcome(ClipResult.Incomplete, present);
        if (from > present)
            return new ClipOutcome(ClipResult.Gap, present);
        string path = PathOf(gateway, clip);
        string directory = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(directory);
        if (new DirectoryInfo(directory).EnumerateFiles().Sum(file => file.Length) + length > quota)
            return new ClipOutcome(ClipResult.QuotaReached, present);
        FileStream stream;
        try
        {
            stream = new FileStream(path + Partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
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
        File.Move(path + Partial, path, overwrite: false);
        return new ClipOutcome(ClipResult.Complete, present);
    }

    /// <summary>The Range header of an answer: what is there.</summary>
    public static string? RangeHeader(long present) => present > 0 ? string.Create(CultureInfo.InvariantCulture, $"bytes=0-{present - 1}") : null;

    // Both ids are of the alphabet A-Za-z0-9._- ; a prefix keeps "." and ".." from meaning a folder.
    private string PathOf(string gateway, string clip) => Path.Combine(folder, "gw_" + gateway, "clip_" + clip);
}
