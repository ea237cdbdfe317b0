namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>Last known values in SQLite.</summary>
internal sealed class SqlitePropertyStore(SqliteStorage storage) : IPropertyStore
{
    public Task SaveAsync(IReadOnlyList<PropertyValue> values, string? consumer = null, long position = 0) => storage.Writer.RunAsync(
        database =>
        {
            foreach (PropertyValue value in values)
            {
                if (value.Value is null)
                {
                    database.Statement("DELETE FROM properties WHERE gw=(SELECT key FROM gateways WHERE id=?) AND device=? AND (?='' OR name=?)").Bind(value.Gateway).Bind(value.Device).Bind(value.Name).Bind(value.Name).Run();
                    continue;
                }

                database.Statement("""
                    INSERT INTO properties(gw, device, name, value, at, received) VALUES((SELECT key FROM gateways WHERE id=?),?,?,?,?,?)
                    ON CONFLICT(gw, device, name) DO UPDATE SET value=excluded.value, at=excluded.at, received=excluded.received WHERE excluded.at>=at
                    """)
                    .Bind(value.Gateway).Bind(value.Device).Bind(value.Name).Bind(value.Value).Bind(value.At).Bind(value.Received).Run();
            }

            if (consumer is not null)
                SqliteEventJournal.Advance(database, consumer, position);
            return true;
        },
        _ => storage.Journal.Advanced(consumer, position));

    public IReadOnlyList<PropertyValue> Read(string gateway) => storage.Read(database =>
    {
        var values = new List<PropertyValue>();
        SqliteStatement rows = database.Statement("SELECT device, name, value, at, received FROM properties WHERE gw=(SELECT key FROM gateways WHERE id=?) ORDER BY device, name").Bind(gateway);
        while (rows.Step())
            values.Add(new PropertyValue(gateway, rows.Text(0), rows.Text(1), rows.Text(2), rows.Time(3), rows.Time(4)));
        return values;
    });
}
