using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;
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
    public async Task A_database_of_a_newer_program_is_refused_in_words()
    {
        Execute("PRAGMA user_version=999");
        var e = await Assert.ThrowsAsync<StorageException>(OpenAsync);
        Assert.StartsWith("The database has schema version 999, this program knows up to ", e.Message, StringComparison.Ordinal);
        Execute($"PRAGMA user_version={SqliteMigrations.Current}");
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
