using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;

namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>The journal in SQLite. Sequences and the end of the chain are mirrored in memory and belong to the writer's thread.</summary>
internal sealed class SqliteEventJournal(SqliteStorage storage) : IEventJournal
{
    private const string Columns = "e.pos, g.id, e.epoch, e.received, e.payload, e.id, e.seq, e.time, e.kind, e.priority FROM events e JOIN gateways g ON g.key=e.gw";
    private const int MaxMissing = 32;
    private const int MaxMirrored = 50_000;

    private readonly Dictionary<(string Gateway, string Epoch), EventSequence> _sequences = [];
    private readonly Dictionary<string, long> _keys = new(StringComparer.Ordinal);
    private readonly XmlOutput _scratch = new();
    private readonly RecentEvents _recent = new();
    private readonly Dictionary<string, long> _cursors = new(StringComparer.Ordinal);
    private byte[] _chain = new byte[32];
    private long _next = 1;
    private bool _isLoaded;
    private long _last;

    public long LastPosition => Volatile.Read(ref _last);

    public Task<AppendResult> AppendAsync(EventAppend append) => storage.Writer.RunAsync(
        database => Append(database, append),
        result => Appended(append.Events, result.Stored));

    public Task<StoredEvent> AppendServerEventAsync(string gateway, SmaEvent draft, DateTimeOffset received) => storage.Writer.RunAsync(
        database =>
        {
            EventSequence sequence = Sequence(database, gateway, StoredEvent.ServerEpoch);
            ulong seq = sequence.Contiguous + 1;
            // Ids are unique per gateway, so one that a gateway could guess it could also take away.
            var pending = new PendingEvent(draft with { Seq = seq, Id = $"es-{seq}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}" }, _scratch);
            return (Pending: pending, Stored: Append(database, new EventAppend(gateway, StoredEvent.ServerEpoch, [pending], received)).Stored[0]);
        },
        made => Appended([made.Pending], [made.Stored])).ContinueWith(static made => made.GetAwaiter().GetResult().Stored, TaskScheduler.Default);

    public Task<ulong> ContiguousAsync(string gateway, string epoch) => storage.Writer.RunAsync(database => Sequence(database, gateway, epoch).Contiguous);

    public Task ForgetBelowAsync(string gateway, string epoch, ulong first) => storage.Writer.RunAsync(database =>
    {
        EventSequence sequence = Sequence(database, gateway, epoch);
        sequence.Forget(first);
        SaveSequence(database, Key(database, gateway), epoch, sequence);
        return true;
    });

    public IReadOnlyList<StoredEvent> Read(long after, int max) => _recent.TryRead(after, max) ?? storage.Read(database =>
        Rows(database.Statement($"SELECT {Columns} WHERE e.pos>? AND e.payload IS NOT NULL ORDER BY e.pos LIMIT ?").Bind(after).Bind(max)));

    public IReadOnlyList<StoredEvent> ReadGateway(string gateway, long? before, int max) => storage.Read(database =>
        Rows(database.Statement($"SELECT {Columns} WHERE e.gw=(SELECT key FROM gateways WHERE id=?) AND e.pos<? AND e.payload IS NOT NULL ORDER BY e.pos DESC LIMIT ?")
            .Bind(gateway).Bind(before ?? long.MaxValue).Bind(max)));

    public StoredEvent? Find(string gateway, string eventId) => storage.Read(database =>
        Rows(database.Statement($"SELECT {Columns} WHERE e.gw=(SELECT key FROM gateways WHERE id=?) AND e.id=?").Bind(gateway).Bind(eventId)).FirstOrDefault());

    public long Cursor(string consumer) => storage.Read(database =>
    {
        SqliteStatement query = database.Statement("SELECT pos FROM consumers WHERE name=?").Bind(consumer);
        long position = query.Step() ? query.Number(0) : 0;
        query.Reset();
        return position;
    });

    public Task AdvanceAsync(string consumer, long position) => storage.Writer.RunAsync(
        database =>
        {
            Advance(database, consumer, position);
            return true;
        },
        _ => Advanced(consumer, position));

    /// <summary>A cursor's move is durable; called on the writer's thread.</summary>
    public void Advanced(string? consumer, long position)
    {
        if (consumer is null)
            return;
        _cursors[consumer] = Math.Max(position, _cursors.GetValueOrDefault(consumer));
        _recent.Release(_cursors.Values.Min());
    }

    public static void Advance(SqliteDatabase database, string consumer, long position) =>
        database.Statement("INSERT INTO consumers(name, pos) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET pos=max(pos, excluded.pos)").Bind(consumer).Bind(position).Run();

    public async Task<int> PurgeAsync(EventRetention retention, DateTimeOffset utcNow)
    {
        // Looking for them may take seconds in a large journal, so a reader does it; the writer only gets a list.
        List<long> positions = storage.Read(database => Expired(database, retention, utcNow));
        return await storage.Writer.RunAsync(
            database =>
            {
                foreach (long position in positions)
                    database.Statement("UPDATE events SET payload=NULL WHERE pos=?").Bind(position).Run();
                DropPurgedHead(database);
                return positions.Count;
            },
            purged =>
            {
                if (purged > 0)
                    _recent.Clear();
            }).ConfigureAwait(false);
    }

    public JournalVerdict Verify() => storage.Read(SqliteJournalCheck.Run);

    public ChainEnd End() => storage.Read(SqliteJournalCheck.End);

    public string? CheckEnd(ChainEnd end) => storage.Read(database => SqliteJournalCheck.CheckEnd(database, end));

    /// <summary>Reads the end of the chain, before the first append.</summary>
    public void Load() => storage.Read(database =>
    {
        LoadEnd(database);
        Volatile.Write(ref _last, _next - 1);
        SqliteStatement cursors = database.Statement("SELECT name, pos FROM consumers");
        while (cursors.Step())
            _cursors[cursors.Text(0)] = cursors.Number(1);
        return true;
    });

    /// <summary>A transaction was rolled back: what memory mirrors may be ahead of the database.</summary>
    public void Forget()
    {
        _sequences.Clear();
        _keys.Clear();
        _isLoaded = false;
    }

    private void Appended(IReadOnlyList<PendingEvent> pending, IReadOnlyList<StoredEvent> stored)
    {
        if (stored.Count == 0)
            return;
        int next = 0;
        foreach (PendingEvent one in pending)
        {
            if (next < stored.Count && ReferenceEquals(one.Event, stored[next].Event))
                _recent.Add(stored[next++], one.Payload.Length);
        }

        long position = stored[^1].Position;
        Volatile.Write(ref _last, Math.Max(position, _last));
        storage.Notifications.Publish(INotifications.Events, position.ToString(CultureInfo.InvariantCulture));
    }

    private AppendResult Append(SqliteDatabase database, EventAppend append)
    {
        if (storage.Reserve.IsGivenUp)
            throw new StorageException("The disk is full; what is left is kept for the audit.") { IsFull = true };
        if (!_isLoaded)
            LoadEnd(database);
        long key = Key(database, append.Gateway);
        EventSequence sequence = Sequence(database, append.Gateway, append.Epoch);
        var stored = new List<StoredEvent>(append.Events.Count);
        List<ulong>? later = null;
        List<string>? faults = null;
        int duplicates = 0;
        foreach (PendingEvent pending in append.Events)
        {
            SmaEvent message = pending.Event;
            if (sequence.Contains(message.Seq))
            {
                duplicates++;
            }
            else if (!sequence.IsInWindow(message.Seq) && message.Priority != EventPriority.Alarm)
            {
                (later ??= []).Add(message.Seq);
            }
            else
            {
                // An alarm is stored however far ahead it is. Should there be too many to remember their numbers, a repeat is known by its id.
                sequence.Add(message.Seq, isUrgent: true);
                if (Insert(database, key, append, pending))
                    stored.Add(new StoredEvent(_next++, append.Gateway, append.Epoch, append.Received, message));
                else if (IsSame(database, key, append.Epoch, message))
                    duplicates++;
                else
                    (faults ??= []).Add(message.Id);
            }
        }

        foreach (ulong seq in append.Refused)
        {
            if (seq > 0)
                sequence.Add(seq);
        }

        SaveSequence(database, key, append.Epoch, sequence);
        var missing = new List<SeqRange>();
        sequence.Missing(missing, MaxMissing);
        return new AppendResult
        {
            UpTo = sequence.Contiguous, Missing = missing, Stored = stored, Duplicates = duplicates,
            Later = later ?? (IReadOnlyList<ulong>)[], Faults = faults ?? (IReadOnlyList<string>)[],
        };
    }

    private bool Insert(SqliteDatabase database, long key, EventAppend append, PendingEvent pending)
    {
        SmaEvent message = pending.Event;
        byte[] chain = SqliteJournalCheck.Next(_chain, pending.Digest, new JournalColumns(
            _next, append.Gateway, append.Epoch, (long)message.Seq, message.Id, message.Time.ToUnixTimeMilliseconds(), append.Received.ToUnixTimeMilliseconds(), message.Kind, (long)message.Priority));
        int rows = database.Statement("INSERT OR IGNORE INTO events(pos, gw, epoch, seq, id, time, received, kind, priority, payload, digest, chain, rule) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)")
            .Bind(_next).Bind(key).Bind(append.Epoch).Bind((long)message.Seq).Bind(message.Id).Bind(message.Time).Bind(append.Received)
            .Bind(message.Kind).Bind((long)message.Priority).Bind(pending.Payload).Bind(pending.Digest).Bind(chain).Bind(SqliteJournalCheck.ColumnsRule).Run();
        if (rows == 0)
            return false;
        _chain = chain;
        return true;
    }

    private static bool IsSame(SqliteDatabase database, long key, string epoch, SmaEvent message)
    {
        SqliteStatement query = database.Statement("SELECT 1 FROM events WHERE gw=? AND id=? AND epoch=? AND seq=?").Bind(key).Bind(message.Id).Bind(epoch).Bind((long)message.Seq);
        bool isSame = query.Step();
        query.Reset();
        return isSame;
    }

    private long Key(SqliteDatabase database, string gateway)
    {
        if (_keys.TryGetValue(gateway, out long key))
            return key;
        key = SqliteStorage.Key(database, gateway);
        if (_keys.Count > MaxMirrored)
            _keys.Clear();
        _keys[gateway] = key;
        return key;
    }

    private EventSequence Sequence(SqliteDatabase database, string gateway, string epoch)
    {
        if (_sequences.TryGetValue((gateway, epoch), out EventSequence? sequence))
            return sequence;
        SqliteStatement query = database.Statement("SELECT contiguous, above FROM cursors WHERE gw=? AND epoch=?").Bind(Key(database, gateway)).Bind(epoch);
        sequence = query.Step()
            ? new EventSequence((ulong)query.Number(0), MemoryMarshal.Cast<byte, ulong>(query.OptionalBlob(1) ?? []).ToArray())
            : new EventSequence();
        query.Reset();
        if (_sequences.Count > MaxMirrored)
            _sequences.Clear();
        _sequences[(gateway, epoch)] = sequence;
        return sequence;
    }

    private static void SaveSequence(SqliteDatabase database, long key, string epoch, EventSequence sequence)
    {
        ulong[] above = sequence.Above();
        SqliteStatement save = database.Statement("INSERT INTO cursors(gw, epoch, contiguous, above) VALUES(?,?,?,?) ON CONFLICT(gw, epoch) DO UPDATE SET contiguous=excluded.contiguous, above=excluded.above")
            .Bind(key).Bind(epoch).Bind((long)sequence.Contiguous);
        _ = (above.Length == 0 ? save.BindNull() : save.Bind(MemoryMarshal.AsBytes<ulong>(above))).Run();
    }

    private void LoadEnd(SqliteDatabase database)
    {
        ChainEnd end = SqliteJournalCheck.End(database);
        (_next, _chain) = (end.Number + 1, Convert.FromHexString(end.Hash));
        _isLoaded = true;
    }

    private static List<long> Expired(SqliteDatabase database, EventRetention retention, DateTimeOffset utcNow)
    {
        var positions = new List<long>();
        for (EventPriority priority = EventPriority.Alarm; priority <= EventPriority.Bulk; priority++)
        {
            DateTimeOffset end = utcNow - retention.Of(priority);
            // Positions grow with time: nothing behind the first event that is young enough needs a look.
            SqliteStatement rows = database.Statement("SELECT pos FROM events WHERE pos<coalesce((SELECT pos FROM events WHERE received>=? ORDER BY pos LIMIT 1), 9223372036854775807) AND priority=? AND received<? AND payload IS NOT NULL ORDER BY pos LIMIT ?")
                .Bind(end).Bind((long)priority).Bind(end).Bind(IEventJournal.PurgeStep);
            while (rows.Step())
                positions.Add(rows.Number(0));
        }

        return positions;
    }

    /// <summary>When the oldest events are all purged, their rows go too; the anchor keeps the chain's value before the first row left.</summary>
    private static void DropPurgedHead(SqliteDatabase database)
    {
        SqliteStatement query = database.Statement("SELECT min(coalesce((SELECT min(pos) FROM events WHERE payload IS NOT NULL), (SELECT max(pos) FROM events)), (SELECT min(pos) FROM events)+20000)");
        long first = query.Step() && !query.IsNull(0) ? query.Number(0) : 0;
        query.Reset();
        if (first == 0)
            return;
        database.Statement("INSERT INTO anchor(one, pos, chain) SELECT 1, pos, chain FROM events WHERE pos<? ORDER BY pos DESC LIMIT 1 ON CONFLICT(one) DO UPDATE SET pos=excluded.pos, chain=excluded.chain").Bind(first).Run();
        database.Statement("DELETE FROM events WHERE pos<?").Bind(first).Run();
    }

    private static List<StoredEvent> Rows(SqliteStatement query)
    {
        var rows = new List<StoredEvent>();
        while (query.Step())
        {
            var header = new SmaEvent
            {
                Id = query.Text(5), Seq = (ulong)query.Number(6), Time = query.Time(7), Kind = query.Text(8), Priority = (EventPriority)query.Number(9),
            };
            rows.Add(new StoredEvent(query.Number(0), query.Text(1), query.Text(2), query.Time(3), StoredMessage.Event(query.Blob(4)) ?? header));
        }

        return rows;
    }
}
