namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>Leases in SQLite.</summary>
internal sealed class SqliteLeases(SqliteStorage storage) : ILeases
{
    public Task<long?> TryAcquireAsync(string name, string owner, TimeSpan duration, DateTimeOffset utcNow) => storage.Writer.RunAsync<long?>(database =>
    {
        SqliteStatement take = database.Statement("""
            INSERT INTO leases(name, owner, until, token) VALUES(?,?,?,1)
            ON CONFLICT(name) DO UPDATE SET token=token+(owner<>excluded.owner), owner=excluded.owner, until=excluded.until
            WHERE owner=excluded.owner OR until<=?
            RETURNING token
            """)
            .Bind(name).Bind(owner).Bind(utcNow + duration).Bind(utcNow);
        long? token = take.Step() ? take.Number(0) : null;
        take.Reset();
        return token;
    });

    public Task ReleaseAsync(string name, string owner) => storage.Writer.RunAsync(database =>
        database.Statement("UPDATE leases SET until=0 WHERE name=? AND owner=?").Bind(name).Bind(owner).Run());
}
