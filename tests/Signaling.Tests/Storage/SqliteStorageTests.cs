using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;
using MediaRelay.Signaling.Tests.Contract;
using Microsoft.Data.Sqlite;

namespace MediaRelay.Signaling.Tests.Storage;

/// <summary>The suite on SQLite, and what only a file can suffer.</summary>
public sealed class SqliteStorageTests : StorageSuite
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sma-sqlite").FullName;

    protected override Task<IStorage> OpenAsync() => Task.FromResult<IStorage>(SqliteStorage.Open(_folder));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, true);
    }

    [Theory]
    [InlineData("UPDATE events SET payload=x'00' WHERE pos=2", "The content of position 2 does not match its digest.")]
    [InlineData("DELETE FROM events WHERE pos=2", "Positions 2 to 2 are missing.")]
    [InlineData("UPDATE events SET digest=zeroblob(32), payload=NULL WHERE pos=2", "The chain is broken at position 2.")]
    public async Task Tampering_with_the_journal_shows(string sql, string sentence)
    {
        await AppendAsync("g1", "e", 1, 2, 3);
        Execute(sql);
        Assert.Contains(sentence, Storage.Events.Verify().Faults);
    }

    [Fact]
    public async Task A_damaged_instruction_keeps_its_number_so_that_what_waits_behind_it_is_not_held_up()
    {
        for (int i = 0; i < 3; i++)
            await Storage.Instructions.EnqueueAsync("g1", Samples.Instructions[i], InstructionBounds.Default);
        Execute("UPDATE instructions SET payload=x'3c' WHERE seq=2");
        InstructionBacklog backlog = await Storage.Instructions.BacklogAsync("g1");
        Assert.Equal([1UL, 2UL, 3UL], backlog.Waiting.Select(one => one.Seq));
        Assert.Equal((Samples.Instructions[1].Id, "unreadable"), (backlog.Waiting[1].Id, backlog.Waiting[1].Kind));
    }

    [Fact]
    public async Task A_database_of_a_newer_program_is_refused_in_words()
    {
        Execute("PRAGMA user_version=999");
        var e = await Assert.ThrowsAsync<StorageException>(OpenAsync);
        Assert.StartsWith("The database has schema version 999, this program knows up to ", e.Message, StringComparison.Ordinal);
        Execute($"PRAGMA user_version={SqliteMigrations.Current}");
    }

    /// <summary>Commits that never pause leave the log no moment in which it is empty; it starts anew all the same.</summary>
    [Fact]
    public async Task The_log_stays_bounded_while_commits_never_pause()
    {
        const int Pages = 1024, Events = 1600, Writers = 4, BetweenCheckpoints = 100;
        string folder = Path.Combine(_folder, "bounded");
        await using SqliteStorage storage = SqliteStorage.Open(folder, DiskReserve.DefaultOctets, Pages);
        await storage.Gateways.SaveAsync(new GatewayRecord { Id = "g1" });
        int appended = 0;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (ulong seq = 1; seq <= Events / Writers; seq++)
            {
                var message = new SmaEvent { Id = $"w{writer}-{seq}", Seq = seq, Time = DateTimeOffset.UnixEpoch, Kind = "log", Body = new TextBody(new string('x', 60_000)) };
                await storage.Events.AppendAsync(new EventAppend("g1", $"w{writer}", [new PendingEvent(message, new XmlOutput())], message.Time));
                // Checkpoints that follow each other without a pause would find an empty log now and then by luck.
                if (Interlocked.Increment(ref appended) % BetweenCheckpoints == 0)
                    storage.Checkpoint();
            }
        })));
        // 96 MB went through it; what is written while one checkpoint runs comes on top of the bound.
        long longest = new FileInfo(Path.Combine(folder, SqliteStorage.FileName + "-wal")).Length;
        Assert.InRange(longest, Pages * 4096L, 8 * Pages * 4096L);
        Assert.Empty(storage.Events.Verify().Faults);
        Assert.Equal(Events, storage.Events.LastPosition);
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, SqliteStorage.FileName)};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The statements are constants of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
