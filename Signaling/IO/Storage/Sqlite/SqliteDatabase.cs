using SQLitePCL;

namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>One connection to a database file; used by one thread at a time.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);

    static SqliteDatabase() => Batteries_V2.Init();

    public SqliteDatabase(string path, bool readOnly)
    {
        int flags = (readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE) | raw.SQLITE_OPEN_NOMUTEX;
        int code = raw.sqlite3_open_v2(path, out sqlite3 handle, flags, null);
        Handle = handle;
        if (code != raw.SQLITE_OK)
        {
            StorageException failure = Failure(code);
            handle.Dispose();
            throw failure;
        }

        Execute("PRAGMA busy_timeout=4000");
        if (!readOnly)
        {
            // FULL: a commit returns after the log is on the disk. The checkpoint is ours, so that it never delays a commit.
            Execute("PRAGMA journal_mode=WAL");
            Execute("PRAGMA synchronous=FULL");
            Execute("PRAGMA wal_autocheckpoint=0");
            // Cutting a long log takes as long as ten commits, so what one busy second needs stays: 256 MiB at most.
            Execute("PRAGMA journal_size_limit=268435456");
        }

        Execute("PRAGMA cache_size=-16384");
        Execute("PRAGMA temp_store=MEMORY");
        Execute("PRAGMA foreign_keys=ON");
    }

    public sqlite3 Handle { get; }

    /// <summary>A statement ready to bind; prepared the first time.</summary>
    public SqliteStatement Statement(string sql)
    {
        if (_statements.TryGetValue(sql, out SqliteStatement? statement))
        {
            statement.Reset();
            return statement;
        }

        int code = raw.sqlite3_prepare_v3(Handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out sqlite3_stmt prepared);
        if (code != raw.SQLITE_OK)
            throw Failure(code);
        statement = new SqliteStatement(this, prepared);
        _statements.Add(sql, statement);
        return statement;
    }

    /// <summary>Runs one or more statements without parameters.</summary>
    public void Execute(string sql)
    {
        int code = raw.sqlite3_exec(Handle, sql);
        if (code != raw.SQLITE_OK)
            throw Failure(code);
    }

    /// <summary>The exception for a result code, with SQLite's own words.</summary>
    public StorageException Failure(int code) =>
        new($"The database refused: {raw.sqlite3_errmsg(Handle).utf8_to_string()} (SQLite code {code}).") { IsFull = (code & 0xff) == raw.SQLITE_FULL };

    public void Dispose()
    {
        foreach (SqliteStatement statement in _statements.Values)
            statement.Dispose();
        _statements.Clear();
        Handle.Dispose();
    }
}
