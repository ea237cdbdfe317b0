using SQLitePCL;

namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>A prepared statement of one connection; kept and reused. Text and blobs are copied by SQLite while a step runs.</summary>
internal sealed class SqliteStatement(SqliteDatabase database, sqlite3_stmt handle) : IDisposable
{
    private int _next;

    public SqliteStatement Bind(long value)
    {
        raw.sqlite3_bind_int64(handle, ++_next, value);
        return this;
    }

    public SqliteStatement Bind(long? value) => value is { } number ? Bind(number) : BindNull();

    public SqliteStatement Bind(string? value)
    {
        if (value is null)
            return BindNull();
        raw.sqlite3_bind_text(handle, ++_next, value);
        return this;
    }

    public SqliteStatement Bind(ReadOnlySpan<byte> value)
    {
        raw.sqlite3_bind_blob(handle, ++_next, value);
        return this;
    }

    public SqliteStatement BindBlob(byte[]? value) => value is null ? BindNull() : Bind(value.AsSpan());

    public SqliteStatement Bind(DateTimeOffset? value) => value is { } time ? Bind(time.ToUnixTimeMilliseconds()) : BindNull();

    public SqliteStatement BindNull()
    {
        raw.sqlite3_bind_null(handle, ++_next);
        return this;
    }

    /// <summary>Runs to the next row; false at the end, after which the statement is reset.</summary>
    public bool Step()
    {
        int code = raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW)
            return true;
        Reset();
        if (code != raw.SQLITE_DONE)
            throw database.Failure(code);
        return false;
    }

    /// <summary>Runs a statement without rows and returns how many rows it changed.</summary>
    public int Run()
    {
        while (Step())
        {
        }

        return raw.sqlite3_changes(database.Handle);
    }

    public void Reset()
    {
        raw.sqlite3_reset(handle);
        _next = 0;
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public long Number(int column) => raw.sqlite3_column_int64(handle, column);

    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string();

    public string? OptionalText(int column) => IsNull(column) ? null : Text(column);

    public byte[] Blob(int column) => raw.sqlite3_column_blob(handle, column).ToArray();

    public byte[]? OptionalBlob(int column) => IsNull(column) ? null : Blob(column);

    public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(Number(column));

    public DateTimeOffset? OptionalTime(int column) => IsNull(column) ? null : Time(column);

    public void Dispose() => handle.Dispose();
}
