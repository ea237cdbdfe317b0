namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>The embedded engine: one SQLite file in WAL mode, one writer with group commit, readers that never wait.</summary>
public sealed class SqliteStorage : IStorage
{
    /// <summary>Name of the database in its folder.</summary>
    public const string FileName = "mediarelay.db";

    /// <summary>Pages of the log (4 KiB each) after which it is started anew, also under load: 64 MiB.</summary>
    internal const int LongestLog = 16_384;

    /// <summary>Pages that the writer may copy between two commits, some milliseconds of work, and the tries to get down to them.</summary>
    private const int ShortRest = 512;
    private const int MostPasses = 4;

    /// <summary>A busy log is copied in short pieces, which disturb commits less than one long one; a quiet one each second, which spares the disk.</summary>
    private const int QuietTicks = 4;
    private const int BusyItems = 250;

    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(250);

    private readonly SqliteReaders _readers;
    private readonly Timer? _checkpointer;
    private readonly Lock _checkpointLock = new();
    private readonly SqliteDatabase? _checkpoints;
    private readonly int _longestLog;
    private int _closed;
    private int _ticks;
    private long _itemsCopied;

    private SqliteStorage(string path, long reserve, int longestLog, bool isReadOnly)
    {
        _longestLog = longestLog;
        var database = new SqliteDatabase(path, isReadOnly);
        try
        {
            if (isReadOnly)
                SqliteMigrations.Require(database);
            else
                SqliteMigrations.Apply(database);
        }
        catch (StorageException)
        {
            database.Dispose();
            throw;
        }

        Reserve = new DiskReserve(Path.GetDirectoryName(Path.GetFullPath(path))!, reserve, isTaken: !isReadOnly);
        Events = null!;
        var journal = new SqliteEventJournal(this);
        Writer = new SqliteWriter(database, journal.Forget);
        _readers = new SqliteReaders(path);
        journal.Load();
        Journal = journal;
        Events = journal;
        Instructions = new SqliteInstructionQueue(this);
        Gateways = new SqliteGatewayRegistry(this);
        Properties = new SqlitePropertyStore(this);
        Leases = new SqliteLeases(this);
        Documents = new SqliteDocumentStore(this);
        Audit = new SqliteAuditLog(this);
        if (isReadOnly)
            return;
        _checkpoints = new SqliteDatabase(path, readOnly: false);
        _checkpointer = new Timer(_ => Tick(), null, s_tick, s_tick);
    }

    public IEventJournal Events { get; }

    public IInstructionQueue Instructions { get; }

    public IGatewayRegistry Gateways { get; }

    public IPropertyStore Properties { get; }

    public ILeases Leases { get; }

    public IDocumentStore Documents { get; }

    public IAuditLog Audit { get; }

    public INotifications Notifications { get; } = new LocalNotifications();

    public bool IsWritable => Writer.IsHealthy;

    /// <summary>For parts that keep their own tables: write through the group commit.</summary>
    internal SqliteWriter Writer { get; }

    internal SqliteEventJournal Journal { get; }

    /// <summary>Space that the audit may use when the disk is full.</summary>
    internal DiskReserve Reserve { get; }

    /// <summary>Opens or creates the database in a folder, which is created when needed.</summary>
    /// <exception cref="StorageException">It cannot be opened, or is newer than this program.</exception>
    public static SqliteStorage Open(string folder) => Open(folder, DiskReserve.DefaultOctets);

    internal static SqliteStorage Open(string folder, long reserve, int longestLog = LongestLog)
    {
        Directory.CreateDirectory(folder);
        return new SqliteStorage(Path.Combine(folder, FileName), reserve, longestLog, isReadOnly: false);
    }

    /// <summary>Opens what a server writes at the same time, and changes nothing: neither its schema nor its files. Writes fail.</summary>
    /// <exception cref="StorageException">There is no database, or it has another schema.</exception>
    public static SqliteStorage OpenReadOnly(string folder) => new(Path.Combine(folder, FileName), 0, LongestLog, isReadOnly: true);

    /// <summary>Runs a query on a read connection.</summary>
    internal T Read<T>(Func<SqliteDatabase, T> work) => _readers.Read(work);

    /// <summary>The number of a gateway's rows.</summary>
    internal static long Key(SqliteDatabase database, string gateway)
    {
        SqliteStatement query = database.Statement("SELECT key FROM gateways WHERE id=?").Bind(gateway);
        if (!query.Step())
            throw new StorageException($"The gateway {gateway} is not registered.") { IsUnknownSubject = true };
        long key = query.Number(0);
        query.Reset();
        return key;
    }

    public async ValueTask DisposeAsync()
    {
        // A container that knows it under two types closes it twice.
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        if (_checkpointer is not null)
            await _checkpointer.DisposeAsync();
        Writer.Dispose();
        lock (_checkpointLock)
            _checkpoints?.Dispose();
        _readers.Dispose();
    }

    private void Tick()
    {
        long items = Writer.Items;
        if (++_ticks < QuietTicks && items - _itemsCopied < BusyItems)
            return;
        (_ticks, _itemsCopied) = (0, items);
        Checkpoint();
    }

    /// <summary>Copies the log into the database; the storage does it by itself, each second or more often.</summary>
    internal void Checkpoint()
    {
        if (_checkpoints is null || !_checkpointLock.TryEnter())
            return;
        try
        {
            Reserve.Restore();
            int logged = 0, copied = 0;
            for (int pass = 0; pass == 0 || (pass < MostPasses && logged > _longestLog && logged - copied > ShortRest); pass++)
                SQLitePCL.raw.sqlite3_wal_checkpoint_v2(_checkpoints.Handle, null, SQLitePCL.raw.SQLITE_CHECKPOINT_PASSIVE, out logged, out copied);
            // A commit that finds nothing left to copy starts the log anew. While commits never pause there is no such moment, so the log would only
            // grow: the writer copies the few pages that came meanwhile between two commits. SQLite's own restart would have it wait for all of them.
            if (logged > _longestLog)
                Writer.RunBetween(static database => SQLitePCL.raw.sqlite3_wal_checkpoint_v2(database.Handle, null, SQLitePCL.raw.SQLITE_CHECKPOINT_PASSIVE, out _, out _));
        }
        catch (Exception e) when (e is ObjectDisposedException or IOException)
        {
            // The storage was closed while the timer fired.
        }
        finally
        {
            _checkpointLock.Exit();
        }
    }
}
