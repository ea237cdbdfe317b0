using System.Collections.Concurrent;

namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>
/// The only writer of a database: a thread that takes all work that waits, runs it in one transaction, commits once, and then
/// completes all of it. The time of one disk flush is so shared by everybody who came during the flush before (group commit).
/// </summary>
/// <remarks>
/// When an item fails the transaction is rolled back and its items run again one by one, so that only the culprit fails. Work must
/// therefore change nothing but the database; what it wants to remember it puts into <c>committed</c>.
/// </remarks>
internal sealed class SqliteWriter : IDisposable
{
    private const int MaxGroup = 1024;

    private readonly BlockingCollection<Item> _queue = new(65_536);
    private readonly SqliteDatabase _database;
    private readonly Thread _thread;
    private readonly Action _rolledBack;
    private Action<SqliteDatabase>? _between;

    /// <summary>Starts the thread.</summary>
    /// <param name="database">The connection; it belongs to the writer from now on.</param>
    /// <param name="rolledBack">Called on the writer's thread when memory that mirrors the database must be dropped.</param>
    public SqliteWriter(SqliteDatabase database, Action rolledBack)
    {
        _database = database;
        _rolledBack = rolledBack;
        _thread = new Thread(Loop) { IsBackground = true, Name = "storage-writer" };
        _thread.Start();
    }

    /// <summary>False after a commit failed, until one succeeds.</summary>
    public bool IsHealthy { get; private set; } = true;

    /// <summary>Commits so far.</summary>
    public long Commits { get; private set; }

    /// <summary>Items so far.</summary>
    public long Items { get; private set; }

    /// <summary>Runs the work in the next transaction; completes when it is durable. <paramref name="committed"/> runs on the writer's thread after the commit.</summary>
    public Task<T> RunAsync<T>(Func<SqliteDatabase, T> work, Action<T>? committed = null)
    {
        var item = new Item<T>(work, committed);
        try
        {
            _queue.Add(item);
        }
        catch (InvalidOperationException)
        {
            return Task.FromException<T>(new StorageException("The storage is closed."));
        }

        return item.Task;
    }

    /// <summary>Has the writer do something once between two transactions, after the next commit; a wish that still waits is replaced.</summary>
    public void RunBetween(Action<SqliteDatabase> work) => Volatile.Write(ref _between, work);

    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _database.Dispose();
        _queue.Dispose();
    }

    private void Loop()
    {
        var group = new List<Item>(MaxGroup);
        while (_queue.TryTake(out Item? first, Timeout.Infinite))
        {
            group.Add(first);
            while (group.Count < MaxGroup && _queue.TryTake(out Item? next))
                group.Add(next);
            Items += group.Count;
            if (!TryCommit(group, group.Count > 1))
            {
                foreach (Item item in group)
                    TryCommit([item], false);
            }

            group.Clear();
            if (Volatile.Read(ref _between) is not null)
                Interlocked.Exchange(ref _between, null)?.Invoke(_database);
        }
    }

    private bool TryCommit(List<Item> group, bool retry)
    {
        bool hasBegun = false;
        try
        {
            _database.Execute("BEGIN IMMEDIATE");
            hasBegun = true;
            foreach (Item item in group)
                item.Execute(_database);
            _database.Execute("COMMIT");
            Commits++;
            IsHealthy = true;
        }
        catch (Exception e)
        {
            try
            {
                _database.Execute("ROLLBACK");
            }
            catch (StorageException)
            {
                // SQLite rolls back by itself after some failures; then there is no transaction left.
            }

            _rolledBack();
            // A database that does not even let us begin is nobody's fault here: trying each item would make the last wait for hours.
            if (retry && hasBegun)
                return false;
            IsHealthy = e is not StorageException { IsUnknownSubject: false, IsQueueFull: false };
            foreach (Item item in group)
                item.Fail(e);
            return true;
        }

        foreach (Item item in group)
            item.Complete();
        return true;
    }

    private abstract class Item
    {
        public abstract void Execute(SqliteDatabase database);

        public abstract void Complete();

        public abstract void Fail(Exception exception);
    }

    private sealed class Item<T>(Func<SqliteDatabase, T> work, Action<T>? committed) : Item
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;

        public Task<T> Task => _done.Task;

        public override void Execute(SqliteDatabase database) => _result = work(database);

        public override void Complete()
        {
            try
            {
                committed?.Invoke(_result);
            }
            finally
            {
                _done.SetResult(_result);
            }
        }

        public override void Fail(Exception exception) => _done.SetException(exception as StorageException ?? new StorageException("The write failed.", exception));
    }
}
