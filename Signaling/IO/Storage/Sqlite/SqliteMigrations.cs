namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>
/// The schema, as steps from one version to the next; <c>user_version</c> of the file says how many were done.
/// To change the schema add a step at the end; never edit one that was released.
/// </summary>
internal static class SqliteMigrations
{
    private static readonly string[] s_steps =
    [
        """
        CREATE TABLE gateways(
            key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, home TEXT NOT NULL, subscriber TEXT NOT NULL, enabled INTEGER NOT NULL,
            digest BLOB, digest_md5 BLOB, claim BLOB, claim_until INTEGER, serial TEXT, not_after INTEGER,
            software TEXT, config_active TEXT, presence INTEGER NOT NULL DEFAULT 0, last_seen INTEGER,
            instruction_epoch TEXT NOT NULL, instruction_last INTEGER NOT NULL DEFAULT 0,
            config_version TEXT, config BLOB);
        CREATE TABLE events(
            pos INTEGER PRIMARY KEY, gw INTEGER NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL,
            time INTEGER NOT NULL, received INTEGER NOT NULL, kind TEXT NOT NULL, priority INTEGER NOT NULL,
            payload BLOB, digest BLOB NOT NULL, chain BLOB NOT NULL);
        CREATE UNIQUE INDEX events_id ON events(gw, id);
        CREATE INDEX events_gateway ON events(gw, pos);
        CREATE TABLE anchor(one INTEGER PRIMARY KEY CHECK(one = 1), pos INTEGER NOT NULL, chain BLOB NOT NULL);
        CREATE TABLE cursors(gw INTEGER NOT NULL, epoch TEXT NOT NULL, contiguous INTEGER NOT NULL, above BLOB, PRIMARY KEY(gw, epoch)) WITHOUT ROWID;
        CREATE TABLE consumers(name TEXT PRIMARY KEY, pos INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE instructions(
            gw INTEGER NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, expires INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY(gw, seq)) WITHOUT ROWID;
        CREATE TABLE properties(
            gw INTEGER NOT NULL, device TEXT NOT NULL, name TEXT NOT NULL, value TEXT, at INTEGER NOT NULL, received INTEGER NOT NULL,
            PRIMARY KEY(gw, device, name)) WITHOUT ROWID;
        CREATE TABLE leases(name TEXT PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL, token INTEGER NOT NULL) WITHOUT ROWID;
        """,
        """
        CREATE TABLE documents(
            kind TEXT NOT NULL, id TEXT NOT NULL, home TEXT NOT NULL, open INTEGER NOT NULL, at INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;
        CREATE INDEX documents_list ON documents(kind, at);
        CREATE TABLE audit(
            seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, home TEXT NOT NULL, grant_text TEXT NOT NULL,
            result TEXT NOT NULL, source TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL);
        CREATE INDEX audit_home ON audit(home, seq);
        """,
        // The rule says what an event's chain value covers; events stored before have the first one. A gateway without a home is one by itself.
        """
        ALTER TABLE events ADD COLUMN rule INTEGER NOT NULL DEFAULT 1;
        UPDATE gateways SET home=id WHERE home='';
        """,
    ];

    /// <summary>The version this program writes.</summary>
    public static int Current => s_steps.Length;

    /// <summary>For a reader: the database must have exactly the schema that this program knows.</summary>
    /// <exception cref="StorageException">It has another one.</exception>
    public static void Require(SqliteDatabase database)
    {
        int version = Version(database);
        if (version != s_steps.Length)
            throw new StorageException($"The database has schema version {version}, this program reads {s_steps.Length}. Use the program of the server's version.");
    }

    /// <summary>Brings the database up to date, each step in its own transaction.</summary>
    /// <exception cref="StorageException">The file was written by a newer program.</exception>
    public static void Apply(SqliteDatabase database)
    {
        int version = Version(database);
        if (version > s_steps.Length)
            throw new StorageException($"The database has schema version {version}, this program knows up to {s_steps.Length}. Use the newer program, or restore a backup.");
        for (; version < s_steps.Length; version++)
        {
            database.Execute("BEGIN IMMEDIATE");
            database.Execute(s_steps[version]);
            database.Execute($"PRAGMA user_version={version + 1}");
            database.Execute("COMMIT");
        }
    }

    private static int Version(SqliteDatabase database)
    {
        SqliteStatement query = database.Statement("PRAGMA user_version");
        query.Step();
        var version = (int)query.Number(0);
        query.Reset();
        return version;
    }
}
