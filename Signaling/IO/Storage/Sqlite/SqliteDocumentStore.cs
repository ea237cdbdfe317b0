namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>Records as JSON in SQLite.</summary>
internal sealed class SqliteDocumentStore(SqliteStorage storage) : IDocumentStore
{
    private const string Columns = "SELECT kind, id, home, open, at, json FROM documents";

    public Task SaveAsync(IReadOnlyList<StoredDocument> documents, string? consumer = null, long position = 0) => storage.Writer.RunAsync(
        database =>
        {
            foreach (StoredDocument document in documents)
            {
                database.Statement("""
                    INSERT INTO documents(kind, id, home, open, at, json) VALUES(?,?,?,?,?,?)
                    ON CONFLICT(kind, id) DO UPDATE SET home=excluded.home, open=excluded.open, at=excluded.at, json=excluded.json
                    """)
                    .Bind(document.Kind).Bind(document.Id).Bind(document.Home).Bind(document.IsOpen ? 1 : 0).Bind(document.At).Bind(document.Json).Run();
            }

            if (consumer is not null)
                SqliteEventJournal.Advance(database, consumer, position);
            return true;
        },
        _ => storage.Journal.Advanced(consumer, position));

    public Task<bool> RemoveAsync(string kind, string id) => storage.Writer.RunAsync(database =>
        database.Statement("DELETE FROM documents WHERE kind=? AND id=?").Bind(kind).Bind(id).Run() > 0);

    public StoredDocument? Find(string kind, string id) => storage.Read(database =>
    {
        SqliteStatement row = database.Statement(Columns + " WHERE kind=? AND id=?").Bind(kind).Bind(id);
        if (!row.Step())
            return null;
        StoredDocument found = Document(row);
        row.Reset();
        return found;
    });

    public IReadOnlyList<StoredDocument> List(string kind, string? home, bool? open, DateTimeOffset? before, int max) => storage.Read(database =>
    {
        var found = new List<StoredDocument>();
        SqliteStatement rows = database.Statement(Columns + " WHERE kind=? AND (? IS NULL OR home=?) AND (? IS NULL OR open=?) AND (? IS NULL OR at<?) ORDER BY at DESC, id LIMIT ?")
            .Bind(kind).Bind(home).Bind(home).Bind(Flag(open)).Bind(Flag(open)).Bind(before).Bind(before).Bind(max);
        while (rows.Step())
            found.Add(Document(rows));
        return found;
    });

    public IReadOnlyList<StoredDocument> Page(string kind, string after, int max) => storage.Read(database =>
    {
        var found = new List<StoredDocument>();
        SqliteStatement rows = database.Statement(Columns + " WHERE kind=? AND id>? ORDER BY id LIMIT ?").Bind(kind).Bind(after).Bind(max);
        while (rows.Step())
            found.Add(Document(rows));
        return found;
    });

    private static long? Flag(bool? value) => value is { } flag ? (flag ? 1 : 0) : null;

    private static StoredDocument Document(SqliteStatement row) => new(row.Text(0), row.Text(1), row.Text(2), row.Number(3) != 0, row.Time(4), row.Text(5));
}
