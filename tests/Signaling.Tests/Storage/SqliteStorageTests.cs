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
    [InlineData("UPDATE events SET gw=(SELECT key FROM gateways WHERE id='g2') WHERE pos=2", "The chain is broken at position 2.")]
    [InlineData("UPDATE gateways SET id='g9' WHERE id='g1'", "The chain is broken at position 1.")]
    [InlineData("UPDATE events SET epoch='f' WHERE pos=2", "The chain is broken at position 2.")]
    [InlineData("UPDATE events SET seq=9 WHERE pos=2", "The chain is broken at position 2.")]
    [InlineData("UPDATE events SET id='e-9' WHERE pos=2", "The chain is broken at position 2.")]
    [InlineData("UPDATE events SET time=time-1 WHERE pos=2", "The chain is broken at position 2.")]
    [InlineData("UPDATE events SET received=received+1 WHERE pos=2", "The chain is broken at position 2.")]
    [InlineData("UPDATE events SET kind='hum' WHERE pos=2", "The chain is broken at position 2.")]
    [InlineData("UPDATE events SET priority=0 WHERE pos=2", "The chain is broken at position 2.")]
    [InlineData("UPDATE events SET rule=1 WHERE pos=2", "Position 2 is chained by the rule of an older program, but comes after the newer rule.")]
    [InlineData("DELETE FROM events WHERE pos=1", "Positions 1 to 1 are missing.")]
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
    public async Task Events_of_the_program_before_verify_by_their_own_rule_and_new_ones_follow_by_the_new()
    {
        await AppendAsync("g1", "e", 1, 2);
        await Storage.DisposeAsync();
        byte[] chain = new byte[32];
        for (int position = 1; position <= 2; position++)
        {
            chain = SqliteJournalCheck.Next(chain, Convert.FromHexString(Query($"SELECT hex(digest) FROM events WHERE pos={position}")));
            Execute($"UPDATE events SET chain=x'{Convert.ToHexString(chain)}' WHERE pos={position}");
        }

        Execute("ALTER TABLE events DROP COLUMN rule; UPDATE gateways SET home='' WHERE id='g2'; PRAGMA user_version=2");
        await ReopenAsync();
        await AppendAsync("g1", "e", 3);
        JournalVerdict verdict = Storage.Events.Verify();
        Assert.Empty(verdict.Faults);
        Assert.Equal((3, "1 1 2"), (verdict.Events, Query("SELECT group_concat(rule, ' ') FROM events ORDER BY pos")));
        Assert.Equal("g2", Storage.Gateways.Find("g2")!.Home);
        Execute("UPDATE events SET received=received+1 WHERE pos=3");
        Assert.Equal("The chain is broken at position 3.", Assert.Single(Storage.Events.Verify().Faults));
    }

    [Theory]
    [InlineData("DELETE FROM events WHERE pos=3", "At 2026-11-21T08:00:00Z: The journal went to position 3 and ends before it now.")]
    [InlineData("DELETE FROM audit WHERE seq=2", "At 2026-11-21T08:00:00Z: The audit went to record 2 and ends before it now.")]
    [InlineData("DELETE FROM audit", "At 2026-11-21T08:00:00Z: The audit went to record 2 and ends before it now.")]
    [InlineData("UPDATE audit SET hash='00' WHERE seq=2", "At 2026-11-21T08:00:00Z: Record 2 of the audit is another than it was.")]
    [InlineData("UPDATE events SET chain=zeroblob(32) WHERE pos=3", "At 2026-11-21T08:00:00Z: Position 3 of the journal is another than it was.")]
    public async Task A_cut_end_shows_by_the_ends_that_were_noted(string sql, string sentence)
    {
        var ends = new ChainEnds(Path.Combine(_folder, ChainEnds.FileName));
        await AppendAsync("g1", "e", 1, 2, 3);
        await AuditAsync(2);
        Assert.NotNull(ends.Note(Storage, Start));
        Assert.Empty(ends.Compare(Storage));
        Execute(sql);
        Assert.Equal(sentence, Assert.Single(ends.Compare(Storage)));
        Assert.Equal(sentence, Assert.Single(ends.Compare(Storage, lastOnly: true)));
    }

    [Fact]
    public async Task Ends_are_noted_when_they_changed_pass_a_purge_and_a_torn_line_and_go_on_after_a_restart()
    {
        var ends = new ChainEnds(Path.Combine(_folder, ChainEnds.FileName));
        Assert.NotNull(ends.Note(Storage, Start));
        await AppendAsync("g1", "e", EventPriority.Bulk, 1, 2);
        await AuditAsync(1);
        Assert.NotNull(ends.Note(Storage, Start));
        Assert.Null(ends.Note(Storage, Start.AddHours(1)));
        await AppendAsync("g1", "e", EventPriority.Alarm, 3);
        await Storage.Events.PurgeAsync(new EventRetention(TimeSpan.FromDays(10), TimeSpan.FromDays(10), TimeSpan.FromDays(10), TimeSpan.FromDays(1)), Start.AddDays(2));
        await ReopenAsync();
        await File.AppendAllTextAsync(ends.Path, "2026-11-21T09:00:00Z audit 77 ab");
        Assert.NotNull(ends.Note(Storage, Start.AddDays(2)));
        Assert.Empty(ends.Compare(Storage));
        Assert.Equal(4, File.ReadAllLines(ends.Path).Length);
        Assert.Empty(Storage.Events.Verify().Faults);
        Assert.Null(Storage.Audit.Verify());
    }

    [Fact]
    public async Task Removed_first_records_of_the_audit_show()
    {
        await AuditAsync(3);
        Assert.Null(Storage.Audit.Verify());
        Execute("DELETE FROM audit WHERE seq<3");
        Assert.Equal("Records 1 to 2 are missing.", Storage.Audit.Verify());
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

    private async Task AuditAsync(int records)
    {
        for (int i = 0; i < records; i++)
            await Storage.Audit.AppendAsync(new AuditLine(Start, "olga", "LookIn", "h1", "alarm", "allowed", "192.0.2.7", "Camera 1."));
    }

    private void Execute(string sql) => Query(sql);

    private string Query(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, SqliteStorage.FileName)};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The statements are constants of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar() as string ?? "";
    }
}
