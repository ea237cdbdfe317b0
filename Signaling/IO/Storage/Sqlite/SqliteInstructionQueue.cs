using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>Waiting instructions in SQLite.</summary>
internal sealed class SqliteInstructionQueue(SqliteStorage storage) : IInstructionQueue
{
    private readonly XmlOutput _scratch = new();

    public Task<Instruction> EnqueueAsync(string gateway, Instruction instruction, InstructionBounds bounds) => storage.Writer.RunAsync(
        database =>
        {
            long key = SqliteStorage.Key(database, gateway);
            int size = Write(instruction).Length;
            if (bounds.Refusal(instruction.Kind, size, Load(database, key, instruction.Time)) is not null)
            {
                CutExpired(database, key, instruction.Time);
                if (bounds.Refusal(instruction.Kind, size, Load(database, key, instruction.Time)) is { } refusal)
                    throw new StorageException($"The instruction for gateway {gateway} was refused: {refusal}") { IsQueueFull = true };
            }

            SqliteStatement next = database.Statement("UPDATE gateways SET instruction_last=instruction_last+1 WHERE key=? RETURNING instruction_last, instruction_epoch").Bind(key);
            next.Step();
            Instruction numbered = instruction with { Seq = (ulong)next.Number(0), Epoch = next.Text(1) };
            next.Reset();
            Insert(database, key, numbered);
            return numbered;
        },
        _ => storage.Notifications.Publish(INotifications.Instructions, gateway));

    public InstructionLoad Load(string gateway, DateTimeOffset utcNow) => storage.Read(database =>
    {
        SqliteStatement query = database.Statement("SELECT key FROM gateways WHERE id=?").Bind(gateway);
        long? key = query.Step() ? query.Number(0) : null;
        query.Reset();
        return key is { } known ? Load(database, known, utcNow) : default;
    });

    public Task<InstructionBacklog> BacklogAsync(string gateway) => storage.Writer.RunAsync(database => Load(database, gateway));

    public Task AcknowledgeAsync(string gateway, ulong upTo) => storage.Writer.RunAsync(database =>
        database.Statement("DELETE FROM instructions WHERE gw=(SELECT key FROM gateways WHERE id=?) AND seq<=?").Bind(gateway).Bind((long)Math.Min(upTo, long.MaxValue)).Run());

    public Task<InstructionBacklog> RenumberAsync(string gateway, string epoch) => storage.Writer.RunAsync(database =>
    {
        InstructionBacklog old = Load(database, gateway);
        long key = SqliteStorage.Key(database, gateway);
        database.Statement("DELETE FROM instructions WHERE gw=?").Bind(key).Run();
        ulong seq = 0;
        var waiting = old.Waiting.Select(instruction => instruction with { Seq = ++seq }).ToList();
        foreach (Instruction instruction in waiting)
            Insert(database, key, instruction);
        database.Statement("UPDATE gateways SET instruction_last=?, instruction_epoch=? WHERE key=?").Bind((long)seq).Bind(epoch).Bind(key).Run();
        return new InstructionBacklog(epoch, seq, waiting);
    });

    private void Insert(SqliteDatabase database, long key, Instruction instruction)
    {
        database.Statement("INSERT INTO instructions(gw, seq, id, expires, payload) VALUES(?,?,?,?,?)")
            .Bind(key).Bind((long)instruction.Seq).Bind(instruction.Id).Bind(instruction.Expires).Bind(Write(instruction)).Run();
    }

    private ReadOnlySpan<byte> Write(Instruction instruction)
    {
        _scratch.Clear();
        SmaWriter.WriteInstruction(_scratch, instruction);
        return _scratch.Written;
    }

    private static InstructionLoad Load(SqliteDatabase database, long key, DateTimeOffset utcNow)
    {
        SqliteStatement query = database.Statement("SELECT count(*), coalesce(sum(length(payload)), 0), coalesce(sum(expires<=?), 0), min(expires) FROM instructions WHERE gw=?").Bind(utcNow).Bind(key);
        query.Step();
        var load = new InstructionLoad((int)query.Number(0), query.Number(1), (int)query.Number(2), query.OptionalTime(3));
        query.Reset();
        return load;
    }

    /// <summary>What is past its end will be reported as expired, never carried out: it needs no content, only its number and id.</summary>
    private void CutExpired(SqliteDatabase database, long key, DateTimeOffset utcNow)
    {
        var expired = new List<Instruction>();
        SqliteStatement rows = database.Statement("SELECT payload FROM instructions WHERE gw=? AND expires<=?").Bind(key).Bind(utcNow);
        while (rows.Step())
        {
            if (StoredMessage.Instruction(rows.Blob(0)) is { } instruction && (instruction.Body is not null || instruction.Device is not null))
                expired.Add(instruction with { Body = null, Device = null });
        }

        foreach (Instruction instruction in expired)
            database.Statement("UPDATE instructions SET payload=? WHERE gw=? AND seq=?").Bind(Write(instruction)).Bind(key).Bind((long)instruction.Seq).Run();
    }

    private static InstructionBacklog Load(SqliteDatabase database, string gateway)
    {
        SqliteStatement query = database.Statement("SELECT key, instruction_epoch, instruction_last FROM gateways WHERE id=?").Bind(gateway);
        if (!query.Step())
            throw new StorageException($"The gateway {gateway} is not registered.") { IsUnknownSubject = true };
        long key = query.Number(0);
        string epoch = query.Text(1);
        var last = (ulong)query.Number(2);
        query.Reset();
        var waiting = new List<Instruction>();
        SqliteStatement rows = database.Statement("SELECT payload, seq, id, expires FROM instructions WHERE gw=? ORDER BY seq").Bind(key);
        while (rows.Step())
        {
            // Without content the gateway can only answer that it failed; without its number everything behind it would wait for ever.
            waiting.Add(StoredMessage.Instruction(rows.Blob(0)) ?? new Instruction { Id = rows.Text(2), Seq = (ulong)rows.Number(1), Time = rows.Time(3), Expires = rows.Time(3), Kind = "unreadable" });
        }

        return new InstructionBacklog(epoch, last, waiting);
    }
}
