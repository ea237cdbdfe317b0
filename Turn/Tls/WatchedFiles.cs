namespace MediaRelay.Tls;

/// <summary>
/// Files that are read again when they change. A change counts as taken only once it was read with success; until then each look
/// tries again, because the second of two files, or the right to read, may come later. Each reason is told once.
/// </summary>
public sealed class WatchedFiles(params IReadOnlyList<string> files)
{
    private DateTime[] _taken = [];
    private string? _told;

    /// <summary>Reads for the first time; what <paramref name="read"/> throws goes to the caller.</summary>
    public void Take(Action read)
    {
        DateTime[] times = Times();
        read();
        _taken = times;
    }

    /// <summary>Reads again if something has changed; true when that succeeded. Never throws: a timer's thread has nobody to catch it.</summary>
    /// <param name="read">Takes the new contents over as a whole, or throws and leaves the old ones.</param>
    /// <param name="refused">Hears why the change could not be taken.</param>
    public bool Look(Action read, Action<string> refused)
    {
        DateTime[] times = Times();
        if (times.SequenceEqual(_taken))
        {
            _told = null;
            return false;
        }

        try
        {
            read();
        }
        catch (Exception fault)
        {
            if (fault.Message != _told)
                refused(_told = fault.Message);
            return false;
        }

        (_taken, _told) = (times, null);
        return true;
    }

    // The times are taken before the files are read, so that a file that changes meanwhile is read once more.
    private DateTime[] Times() => [.. files.Select(TimeOf)];

    private static DateTime TimeOf(string file)
    {
        try
        {
            return file.Length == 0 ? default : File.GetLastWriteTimeUtc(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return DateTime.MaxValue; // A folder without rights or a disk with a fault: reading says what it is.
        }
    }
}
