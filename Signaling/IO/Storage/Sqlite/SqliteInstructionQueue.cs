using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>Waiting instructions in SQLite.</summary>
internal sealed class SqliteInstructionQueue(SqliteStorage storage) : IInstructionQueue
{
    private readonly XmlOutput _scratch = new();

    public Task<Instruction> EnqueueAsync(string gateway, Instruction instruction) => storage.Writer.RunAsync(
        database =>
        {
            SqliteStatement next = database.Statement("UPDATE gateways SET instruction_last=instruction_last+1 WHERE id=? RETURNING key, instruction_last").Bind(gateway);
            if (!next.Step())
                throw new StorageException($"The gateway {gateway} is not registered.") { IsUnknownSubject = true };
            long key = next.Number(0), seq = next.Number(1);
            next.Reset();
            Instruction numbered = instruction with { Seq = (ulong)seq };
            Insert(database, key, numbered);
            return numbered;
        },
        _ => storage.Notifications.Publish(INotifications.Instructions, gateway));

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
        _scratch.Clear();
        SmaWriter.WriteInstruction(_scratch, instruction);
        database.Statement("INSERT INTO instructions(gw, seq, id, expires, payload) VALUES(?,?,?,?,?)")
            .Bind(key).Bind((long)instruction.Seq).Bind(instruction.Id).Bind(instruction.Expires).Bind(_scratch.Written).Run();
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
        SqliteStatement rows = database.Statement("SELECT payload FROM instructions WHERE gw=? ORDER BY seq").Bind(key);
        while (rows.Step())
        {
            if (StoredMessage.Instruction(rows.Blob(0)) is { } instruction)
                waiting.Add(instruction);
        }

        return new InstructionBacklog(epoch, last, waiting);
    }
}
