using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;
using MediaRelay.Signaling.Tests.Server;

namespace MediaRelay.Signaling.Tests.Storage;

/// <summary>Who only reads a database, while a server writes it or afterwards, changes nothing in it.</summary>
public sealed class ReadOnlyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("read-only").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public async Task A_reader_sees_what_the_server_wrote_and_cannot_write()
    {
        await using SqliteStorage server = SqliteStorage.Open(_folder);
        await server.Gateways.SaveAsync(new GatewayRecord { Id = ServerRig.GatewayId });
        await server.Events.AppendServerEventAsync(ServerRig.GatewayId, ServerRig.Event(1), DateTimeOffset.UtcNow);
        await using SqliteStorage reader = SqliteStorage.OpenReadOnly(_folder);
        Assert.Single(reader.Events.Read(0, 10));
        Assert.Empty(reader.Events.Verify().Faults);
        Assert.Null(reader.Audit.Verify());
        await Assert.ThrowsAsync<StorageException>(() => reader.Gateways.SaveAsync(new GatewayRecord { Id = "other" }));
        await server.Events.AppendServerEventAsync(ServerRig.GatewayId, ServerRig.Event(2), DateTimeOffset.UtcNow);
        Assert.Equal(2, reader.Events.Read(0, 10).Count);
    }

    [Fact]
    public async Task A_database_of_another_program_s_version_is_not_brought_up_to_date()
    {
        await SqliteStorage.Open(_folder).DisposeAsync();
        string path = Path.Combine(_folder, SqliteStorage.FileName);
        using (var database = new SqliteDatabase(path, readOnly: false))
            database.Execute("PRAGMA user_version=1");
        Assert.Equal(
            $"The database has schema version 1, this program reads {SqliteMigrations.Current}. Use the program of the server's version.",
            Assert.Throws<StorageException>(() => SqliteStorage.OpenReadOnly(_folder)).Message);
        using var after = new SqliteDatabase(path, readOnly: true);
        SqliteStatement version = after.Statement("PRAGMA user_version");
        Assert.True(version.Step());
        Assert.Equal(1, version.Number(0));
        version.Reset();
    }
}
