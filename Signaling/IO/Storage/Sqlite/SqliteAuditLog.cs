using MediaRelay.Signaling.Incidents;

namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>The audit chain in SQLite. The chain's end is read in the transaction that appends to it, so a crash between cannot fork it.</summary>
internal sealed class SqliteAuditLog(SqliteStorage storage) : IAuditLog
{
    private const string Columns = "SELECT seq, at, actor, action, home, grant_text, result, source, detail, previous, hash FROM audit";

    public async Task<AuditRecord> AppendAsync(AuditLine line)
    {
        try
        {
            return await WriteAsync(line).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.IsFull && storage.Reserve.TryGiveUp())
        {
            return await WriteAsync(line).ConfigureAwait(false);
        }
    }

    private Task<AuditRecord> WriteAsync(AuditLine line) => storage.Writer.RunAsync(database =>
    {
        ChainEnd end = End(database);
        var chain = new AuditChain(end.Number, end.Hash);
        // Stored in milliseconds, so the hash must be taken over the same value.
        DateTimeOffset at = DateTimeOffset.FromUnixTimeMilliseconds(line.At.ToUnixTimeMilliseconds());
        AuditRecord record = chain.Next(at, line.Actor, line.Action, line.Home, line.Grant, line.Result, line.Source, line.Detail);
        database.Statement("INSERT INTO audit(seq, at, actor, action, home, grant_text, result, source, detail, previous, hash) VALUES(?,?,?,?,?,?,?,?,?,?,?)")
            .Bind(record.Seq).Bind(record.At).Bind(record.Actor).Bind(record.Action).Bind(record.Home).Bind(record.Grant).Bind(record.Result)
            .Bind(record.Source).Bind(record.Detail).Bind(record.Previous).Bind(chain.LastHash).Run();
        return record;
    });

    public IReadOnlyList<AuditRecord> Read(string? home, long? before, int max) => storage.Read(database =>
    {
        var found = new List<AuditRecord>();
        SqliteStatement rows = database.Statement(Columns + " WHERE (? IS NULL OR home=?) AND (? IS NULL OR seq<?) ORDER BY seq DESC LIMIT ?")
            .Bind(home).Bind(home).Bind(before).Bind(before).Bind(max);
        while (rows.Step())
            found.Add(Record(rows));
        return found;
    });

    public ChainEnd End() => storage.Read(End);

    public string? CheckEnd(ChainEnd end) => storage.Read(database =>
    {
        SqliteStatement row = database.Statement("SELECT hash FROM audit WHERE seq=?").Bind(end.Number);
        string? hash = row.Step() ? row.Text(0) : null;
        row.Reset();
        return end.Number == 0 || hash == end.Hash ? null
            : hash is null ? $"The audit went to record {end.Number} and ends before it now."
            : $"Record {end.Number} of the audit is another than it was.";
    });

    private static ChainEnd End(SqliteDatabase database)
    {
        SqliteStatement last = database.Statement("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
        ChainEnd end = last.Step() ? new(last.Number(0), last.Text(1)) : new(0, AuditRecord.Start);
        last.Reset();
        return end;
    }

    public string? Verify() => storage.Read(database => AuditChain.Verify(All(database)));

    private static IEnumerable<(AuditRecord Record, string Hash)> All(SqliteDatabase database)
    {
        SqliteStatement rows = database.Statement(Columns + " ORDER BY seq");
        try
        {
            while (rows.Step())
                yield return (Record(rows), rows.Text(10));
        }
        finally
        {
            rows.Reset();
        }
    }

    private static AuditRecord Record(SqliteStatement row) =>
        new(row.Number(0), row.Time(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5), row.Text(6), row.Text(7), row.Text(8), row.Text(9));
}
