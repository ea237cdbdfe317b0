using System.Globalization;
using System.Text;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.IO.Journal;

/// <summary>
/// A journal in one text file: a line per change, appended and synced before Gate-Set leaves; rewritten when most of it is history.
/// A line that a loss of power cut short is left out when reading.
/// </summary>
/// <remarks><code>
/// + handle gate element session-in-base64 objects-in-hex .
/// - handle .
/// </code></remarks>
public sealed class FileGateJournal : IGateJournal, IDisposable
{
    private const int RewriteAbove = 1 << 20;
    private readonly string _path;
    private readonly Dictionary<GateHandle, GateJournalEntry> _entries = [];
    private readonly StringBuilder _lines = new();
    private FileStream? _file;
    private long _sizeAfterRewrite;

    /// <param name="path">The file; its folder is made when missing.</param>
    public FileGateJournal(string path) => _path = path;

    public Task<IReadOnlyList<GateJournalEntry>> LoadAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        if (File.Exists(_path))
        {
            foreach (string line in File.ReadLines(_path)) Apply(line);
        }
        Rewrite();
        return Task.FromResult<IReadOnlyList<GateJournalEntry>>([.. _entries.Values]);
    }

    public ValueTask CommitAsync(IReadOnlyList<GateJournalEntry> writes, IReadOnlyList<GateHandle> removals, CancellationToken cancellation)
    {
        if (_file is null) throw new InvalidOperationException("The journal is loaded before it is written.");
        _lines.Clear();
        foreach (GateJournalEntry entry in writes)
        {
            _entries[entry.Handle] = entry;
            Append(_lines, entry);
        }
        foreach (GateHandle handle in removals)
        {
            if (_entries.Remove(handle)) _lines.Append(CultureInfo.InvariantCulture, $"- {handle} .\n");
        }
        _file.Write(Encoding.ASCII.GetBytes(_lines.ToString()));
        _file.Flush(flushToDisk: writes.Count > 0);
        if (_file.Length > RewriteAbove && _file.Length > 4 * _sizeAfterRewrite) Rewrite();
        return default;
    }

    public void Dispose() => _file?.Dispose();

    private static void Append(StringBuilder lines, GateJournalEntry entry)
    {
        string session = Convert.ToBase64String(Encoding.UTF8.GetBytes(entry.Session));
        lines.Append(CultureInfo.InvariantCulture, $"+ {entry.Handle} {entry.Gate} {entry.ElementId} {(session.Length == 0 ? "=" : session)} {Convert.ToHexStringLower(entry.Objects)} .\n");
    }

    private void Apply(string line)
    {
        string[] parts = line.Split(' ');
        if (parts.Length < 3 || parts[^1] != "." || !ulong.TryParse(parts[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value)) return;
        var handle = new GateHandle(value);
        if (parts[0] == "-") _entries.Remove(handle);
        if (parts[0] != "+" || parts.Length != 7) return;
        bool isSound = uint.TryParse(parts[2], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out uint gate)
            & int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out int element);
        if (!isSound) return;
        try
        {
            string session = parts[4] == "=" ? "" : Encoding.UTF8.GetString(Convert.FromBase64String(parts[4]));
            _entries[handle] = new GateJournalEntry(handle, session, new GateId(gate), element, Convert.FromHexString(parts[5]));
        }
        catch (FormatException)
        {
            // A damaged line; synchronisation finds the gate it was about.
        }
    }

    /// <summary>Writes what is live into a new file, syncs it and puts it in the old one's place.</summary>
    private void Rewrite()
    {
        _file?.Dispose();
        string next = _path + ".new";
        _lines.Clear();
        foreach (GateJournalEntry entry in _entries.Values) Append(_lines, entry);
        using (var fresh = new FileStream(next, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            fresh.Write(Encoding.ASCII.GetBytes(_lines.ToString()));
            fresh.Flush(flushToDisk: true);
            _sizeAfterRewrite = fresh.Length;
        }
        File.SetUnixFileMode(next, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Move(next, _path, overwrite: true);
        _file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }
}
