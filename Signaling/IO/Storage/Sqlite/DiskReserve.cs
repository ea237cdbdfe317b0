namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>
/// Space that is allocated beforehand and given up when the disk is full, so that the audit can still be written: who disarmed or
/// looked in must be known even then. While it is given up no event is appended.
/// </summary>
internal sealed class DiskReserve
{
    /// <summary>16 MiB.</summary>
    public const long DefaultOctets = 16 * 1024 * 1024;

    /// <summary>The reserve is taken again when this many times its size is free.</summary>
    private const int Comfort = 4;

    private readonly string _path;
    private readonly long _octets;
    private volatile bool _isGivenUp;

    public DiskReserve(string folder, long octets, bool isTaken = true)
    {
        _path = Path.Combine(folder, "audit.reserve");
        _octets = octets;
        if (isTaken)
            Take();
    }

    /// <summary>True from the moment the audit needed the space until the disk has room again.</summary>
    public bool IsGivenUp => _isGivenUp;

    /// <summary>Frees the space; false when there was none to free.</summary>
    public bool TryGiveUp()
    {
        if (!File.Exists(_path))
            return false;
        File.Delete(_path);
        _isGivenUp = true;
        return true;
    }

    /// <summary>Takes the space again when there is plenty; called now and then.</summary>
    public void Restore()
    {
        if (_isGivenUp && new DriveInfo(Path.GetDirectoryName(_path)!).AvailableFreeSpace > _octets * Comfort && Take())
            _isGivenUp = false;
    }

    private bool Take()
    {
        if (File.Exists(_path))
            return true;
        try
        {
            using var file = new FileStream(_path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, PreallocationSize = _octets });
            return true;
        }
        catch (IOException)
        {
            // A disk without room for it starts without; the audit then stops with everything else.
            return false;
        }
    }
}
