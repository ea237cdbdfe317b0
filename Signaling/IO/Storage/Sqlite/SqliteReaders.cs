using System.Collections.Concurrent;

namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>Idle read connections; in WAL mode they see the last commit and never wait for the writer.</summary>
internal sealed class SqliteReaders(string path) : IDisposable
{
    private const int MaxIdle = 8;

    private readonly ConcurrentBag<SqliteDatabase> _idle = [];

    public T Read<T>(Func<SqliteDatabase, T> work)
    {
        if (!_idle.TryTake(out SqliteDatabase? database))
            database = new SqliteDatabase(path, readOnly: true);
        try
        {
            return work(database);
        }
        finally
        {
            if (_idle.Count < MaxIdle)
                _idle.Add(database);
            else
                database.Dispose();
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out SqliteDatabase? database))
            database.Dispose();
    }
}
