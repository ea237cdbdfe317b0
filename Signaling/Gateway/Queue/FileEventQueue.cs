using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace MediaRelay.Gateway.Queue;

/// <summary>
/// The queue on disk: one file to which records are appended, made durable in groups, read once at the start and written anew when
/// most of it is dead.
/// </summary>
/// <remarks>
/// <code>
///  record = length (4, little-endian) | CRC-32C of the rest (4) | type (1) | number (8) | content
/// </code>
/// A torn record at the end (power cut during a write) ends the file; everything before it counts, and the numbers that it may have
/// held are not given again. Damage with readable records behind it costs what is damaged: the rest is read, but the counter may be
/// wrong, so a new epoch begins and what waits is numbered anew. An instruction that might be among the damage counts as carried out.
/// </remarks>
public sealed class FileEventQueue : MemoryEventQueue
{
    private const int Overhead = 17;
    private const int MaxRecord = 1024 * 1024;
    private const long CompactAbove = 4 * 1024 * 1024;

    /// <summary>No event takes fewer octets than this.</summary>
    private const int SmallestEvent = 64;

    // Hashes of keypad codes are kept here: they have few digits.
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly MemoryStream _pending = new();
    private FileStream _file;
    private readonly bool _isLoading;
    private long _compactAt = CompactAbove;
    private bool _mustCompact;

    private enum Kind : byte
    {
        Epoch = 1,
        Event = 2,
        Alarm = 3,
        AcknowledgedUpTo = 4,
        Acknowledged = 5,
        InstructionEpoch = 6,
        Begun = 7,
        Skipped = 8,
        Finished = 9,
        Kept = 10,
        Forgotten = 11,
    }

    /// <summary>Opens the queue of a folder, which is created when needed.</summary>
    public FileEventQueue(string folder, int maxEvents = 100_000)
        : base(maxEvents)
    {
        Directory.CreateDirectory(folder, Private | UnixFileMode.UserExecute);
        _path = Path.Combine(folder, "gateway.queue");
        _file = Open(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        File.SetUnixFileMode(_file.SafeFileHandle, Private);
        _isLoading = true;
        long good = Load(out bool isDamaged);
        _isLoading = false;
        if (isDamaged)
        {
            SkipInstructionsBelow(Instructions.Highest + 1);
            StartEpoch();
            Flush();
            return;
        }

        _file.SetLength(good);
        _file.Position = good;
        if (good == 0)
            Write(Kind.Epoch, 0, Encoding.ASCII.GetBytes(Epoch));
        Flush();
    }

    public override void StartEpoch()
    {
        base.StartEpoch();
        _mustCompact = true;
    }

    public override void AcknowledgeUpTo(ulong seq)
    {
        base.AcknowledgeUpTo(seq);
        Write(Kind.AcknowledgedUpTo, seq, []);
    }

    public override void Acknowledge(ulong seq)
    {
        base.Acknowledge(seq);
        Write(Kind.Acknowledged, seq, []);
    }

    public override void StartInstructions(string epoch, ulong done)
    {
        base.StartInstructions(epoch, done);
        Write(Kind.InstructionEpoch, done, Encoding.ASCII.GetBytes(epoch));
    }

    public override void Begin(ulong seq, string id)
    {
        base.Begin(seq, id);
        Write(Kind.Begun, seq, Encoding.ASCII.GetBytes(id));
    }

    public override void SkipInstructionsBelow(ulong seq)
    {
        base.SkipInstructionsBelow(seq);
        Write(Kind.Skipped, seq, []);
    }

    public override void Finish(string id)
    {
        base.Finish(id);
        Write(Kind.Finished, 0, Encoding.ASCII.GetBytes(id));
    }

    public override void Keep(string key, byte[]? value)
    {
        base.Keep(key, value);
        WriteKept(key, value);
    }

    public override void Flush()
    {
        if (_pending.Length == 0 && !_mustCompact)
            return;
        if (_mustCompact || _file.Position + _pending.Length > _compactAt)
        {
            Compact();
            return;
        }

        long good = _file.Position;
        try
        {
            _file.Write(_pending.GetBuffer(), 0, (int)_pending.Length);
            _file.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // A full disk may have taken half a record; what follows it would be unreadable. It is written again with the next flush.
            _file.Position = good;
            _file.SetLength(good);
            throw;
        }

        _pending.SetLength(0);
    }

    protected override void Restore(QueuedEvent queued)
    {
        base.Restore(queued);
        WriteEvent(queued);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Flush();
            _file.Dispose();
            _pending.Dispose();
        }

        base.Dispose(disposing);
    }

    private void WriteEvent(QueuedEvent queued)
    {
        byte[] content = new byte[8 + queued.Element.Length];
        BinaryPrimitives.WriteInt64LittleEndian(content, queued.Made.UtcTicks);
        queued.Element.CopyTo(content, 8);
        Write(queued.IsAlarm ? Kind.Alarm : Kind.Event, queued.Seq, content);
    }

    private void Write(Kind kind, ulong number, ReadOnlySpan<byte> content)
    {
        if (!_isLoading)
            WriteAlways(kind, number, content);
    }

    private void WriteAlways(Kind kind, ulong number, ReadOnlySpan<byte> content)
    {
        Span<byte> head = stackalloc byte[Overhead];
        BinaryPrimitives.WriteInt32LittleEndian(head, Overhead + content.Length);
        head[8] = (byte)kind;
        BinaryPrimitives.WriteUInt64LittleEndian(head[9..], number);
        BinaryPrimitives.WriteUInt32LittleEndian(head[4..], Check(head[8..], content));
        _pending.Write(head);
        _pending.Write(content);
    }

    /// <summary>Reads what can be read; returns the end of it, and whether something before that end could not be.</summary>
    private long Load(out bool isDamaged)
    {
        byte[] all = new byte[_file.Length];
        _file.ReadExactly(all);
        isDamaged = false;
        int position = 0, end = 0;
        while (all.Length - position >= Overhead)
        {
            ReadOnlySpan<byte> rest = all.AsSpan(position);
            int length = RecordLength(rest);
            if (length == 0)
            {
                position++;
                continue;
            }

            isDamaged |= position != end || (position == 0 && rest[8] != (byte)Kind.Epoch);
            Apply((Kind)rest[8], BinaryPrimitives.ReadUInt64LittleEndian(rest[9..]), rest[Overhead..length]);
            position += length;
            end = position;
        }

        if (end > 0 && end < all.Length)
        {
            LastEvent += (ulong)((all.Length - end) / SmallestEvent) + 1;
            WriteAlways(Kind.Epoch, LastEvent, Encoding.ASCII.GetBytes(Epoch));
        }

        return end;
    }

    /// <summary>Length of the record that begins here; 0 when none does.</summary>
    private static int RecordLength(ReadOnlySpan<byte> rest)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(rest);
        return length is >= Overhead and <= MaxRecord && length <= rest.Length && rest[8] is >= (byte)Kind.Epoch and <= (byte)Kind.Forgotten
            && BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]) == Check(rest[8..Overhead], rest[Overhead..length])
            ? length
            : 0;
    }

    private void Apply(Kind kind, ulong number, ReadOnlySpan<byte> content)
    {
        switch (kind)
        {
            case Kind.Epoch:
                Epoch = Encoding.ASCII.GetString(content);
                LastEvent = Math.Max(LastEvent, number);
                break;
            case Kind.Event or Kind.Alarm when content.Length >= 8:
                base.Restore(new QueuedEvent(number, kind == Kind.Alarm, new DateTimeOffset(BinaryPrimitives.ReadInt64LittleEndian(content), TimeSpan.Zero), content[8..].ToArray()));
                break;
            case Kind.AcknowledgedUpTo:
                LastEvent = Math.Max(LastEvent, number);
                base.AcknowledgeUpTo(number);
                break;
            case Kind.Acknowledged:
                LastEvent = Math.Max(LastEvent, number);
                base.Acknowledge(number);
                break;
            case Kind.InstructionEpoch:
                base.StartInstructions(Encoding.ASCII.GetString(content), number);
                break;
            case Kind.Begun:
                base.Begin(number, Encoding.ASCII.GetString(content));
                break;
            case Kind.Skipped:
                base.SkipInstructionsBelow(number);
                break;
            case Kind.Finished:
                base.Finish(Encoding.ASCII.GetString(content));
                break;
            case Kind.Kept or Kind.Forgotten when number <= (ulong)content.Length:
                base.Keep(Encoding.UTF8.GetString(content[..(int)number]), kind == Kind.Kept ? content[(int)number..].ToArray() : null);
                break;
        }
    }

    /// <summary>Writes what is alive into a new file and puts it in the old one's place.</summary>
    private void Compact()
    {
        _pending.SetLength(0);
        Write(Kind.Epoch, LastEvent, Encoding.ASCII.GetBytes(Epoch));
        if (InstructionEpoch is { } epoch)
        {
            Write(Kind.InstructionEpoch, Instructions.Contiguous, Encoding.ASCII.GetBytes(epoch));
            foreach (string id in Recent)
                WriteDone(0, id);
            foreach (ulong seq in Instructions.Above())
                WriteDone(seq, "done");

            foreach (KeyValuePair<ulong, string> pair in Unfinished)
                Write(Kind.Begun, pair.Key, Encoding.ASCII.GetBytes(pair.Value));
        }

        foreach (KeyValuePair<string, byte[]> pair in Kept)
            WriteKept(pair.Key, pair.Value);
        foreach (QueuedEvent queued in Events)
            WriteEvent(queued);
        string draft = _path + ".new";
        File.Delete(draft);
        using (FileStream file = Open(draft, FileMode.CreateNew, FileAccess.Write))
        {
            file.Write(_pending.GetBuffer(), 0, (int)_pending.Length);
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, _path, overwrite: true);
        _file.Dispose();
        _file = Open(_path, FileMode.Open, FileAccess.ReadWrite);
        _pending.SetLength(0);
        _mustCompact = false;
        // The rename changed the file's own record too, so this flush commits it.
        _file.Flush(flushToDisk: true);
        _file.Position = _file.Length;
        _compactAt = Math.Max(CompactAbove, _file.Length * 2);
    }

    private static FileStream Open(string path, FileMode mode, FileAccess access)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = FileShare.Read, BufferSize = 1 };
        if (mode != FileMode.Open)
            options.UnixCreateMode = Private;
        return new FileStream(path, options);
    }

    /// <summary>An instruction that was begun and finished; the number 0 is nobody's, so that only the id counts.</summary>
    private void WriteDone(ulong seq, string id)
    {
        Write(Kind.Begun, seq, Encoding.ASCII.GetBytes(id));
        Write(Kind.Finished, 0, Encoding.ASCII.GetBytes(id));
    }

    private void WriteKept(string key, byte[]? value)
    {
        byte[] name = Encoding.UTF8.GetBytes(key);
        Write(value is null ? Kind.Forgotten : Kind.Kept, (ulong)name.Length, [.. name, .. value ?? []]);
    }

    private static uint Check(ReadOnlySpan<byte> head, ReadOnlySpan<byte> content)
    {
        uint crc = uint.MaxValue;
        foreach (byte octet in head)
            crc = BitOperations.Crc32C(crc, octet);
        foreach (byte octet in content)
            crc = BitOperations.Crc32C(crc, octet);
        return ~crc;
    }
}
