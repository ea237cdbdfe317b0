using System.Globalization;

namespace MediaRelay.Signaling.IO.Storage;

/// <summary>
/// A file beside the database, one line for each time the ends of journal and audit were noted. A chain proves that nothing was changed or taken out of its
/// middle; only an end that is known from elsewhere proves that nothing was cut off.
/// </summary>
public sealed class ChainEnds(string path)
{
    /// <summary>Its name in the data folder, when the configuration names no other place.</summary>
    public const string FileName = "chain-ends.log";

    /// <summary>Where it is.</summary>
    public string Path { get; } = path;

    /// <summary>Notes the ends of now.</summary>
    /// <returns>The ends, or null when they are those of the last line.</returns>
    public (ChainEnd Audit, ChainEnd Journal)? Note(IStorage storage, DateTimeOffset utcNow)
    {
        (ChainEnd Audit, ChainEnd Journal) now = (storage.Audit.End(), storage.Events.End());
        (string[] lines, bool isTorn) = Lines();
        if (lines.Length > 0 && TryRead(lines[^1], out _, out ChainEnd audit, out ChainEnd journal) && (audit, journal) == now)
            return null;
        string line = string.Create(CultureInfo.InvariantCulture, $"{utcNow.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} audit {now.Audit.Number} {now.Audit.Hash} journal {now.Journal.Number} {now.Journal.Hash}\n");
        using var stream = new FileStream(Path, FileMode.Append, FileAccess.Write, FileShare.Read);
        // A line that a power cut left unfinished stays one by itself.
        stream.Write(System.Text.Encoding.ASCII.GetBytes((isTorn ? "\n" : "") + line));
        stream.Flush(flushToDisk: true);
        return now;
    }

    /// <summary>Compares what the storage has with every line, or with the last alone; one sentence per fault.</summary>
    public IReadOnlyList<string> Compare(IStorage storage, bool lastOnly = false)
    {
        var faults = new List<string>();
        string[] lines = Lines().Whole;
        foreach (string line in lastOnly ? lines.TakeLast(1) : lines)
        {
            if (!TryRead(line, out string? at, out ChainEnd audit, out ChainEnd journal))
                continue;
            foreach (string? fault in (string?[])[storage.Audit.CheckEnd(audit), storage.Events.CheckEnd(journal)])
            {
                if (fault is not null)
                    faults.Add($"At {at}: {fault}");
            }
        }

        return faults;
    }

    private (string[] Whole, bool IsTorn) Lines()
    {
        if (!File.Exists(Path))
            return ([], false);
        string text = File.ReadAllText(Path);
        return (text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries), text.Length > 0 && text[^1] != '\n');
    }

    private static bool TryRead(string line, out string? at, out ChainEnd audit, out ChainEnd journal)
    {
        (at, audit, journal) = (null, default, default);
        if (line.TrimEnd('\r').Split(' ') is not [var time, "audit", var seq, var hash, "journal", var position, var chain]
            || !long.TryParse(seq, NumberStyles.None, CultureInfo.InvariantCulture, out long record) || !long.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out long place))
            return false;
        (at, audit, journal) = (time, new ChainEnd(record, hash), new ChainEnd(place, chain));
        return true;
    }
}
