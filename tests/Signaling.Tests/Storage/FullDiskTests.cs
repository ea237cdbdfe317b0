using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;
using MediaRelay.Signaling.Tests.Contract;

namespace MediaRelay.Signaling.Tests.Storage;

/// <summary>A full disk refuses writes in words, loses nothing that was acknowledged, and recovers without a restart.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly SmallDisk _disk = new();

    public void Dispose() => _disk.Dispose();

    [Fact]
    public async Task A_full_disk_refuses_and_a_free_one_takes_again()
    {
        await using SqliteStorage storage = SqliteStorage.Open(_disk.Folder);
        await storage.Gateways.SaveAsync(new GatewayRecord { Id = "g1" });
        ulong acknowledged = (await AppendAsync(storage, 1)).UpTo;
        string ballast = _disk.Fill();
        StorageException? refused = null;
        for (int i = 0; i < 2000 && refused is null; i++)
        {
            try
            {
                acknowledged = (await AppendAsync(storage, acknowledged + 1)).UpTo;
            }
            catch (StorageException e)
            {
                refused = e;
            }
        }

        Assert.NotNull(refused);
        Assert.True(refused.IsFull, refused.Message);
        Assert.False(storage.IsWritable);
        Assert.Equal((int)acknowledged, storage.Events.Read(0, 5000).Count);
        File.Delete(ballast);
        Assert.Equal(acknowledged + 1, (await AppendAsync(storage, acknowledged + 1)).UpTo);
        Assert.True(storage.IsWritable);
        Assert.Empty(storage.Events.Verify().Faults);
    }

    [Fact]
    public async Task The_audit_is_written_from_its_reserve_when_nothing_else_is()
    {
        await using SqliteStorage storage = SqliteStorage.Open(_disk.Folder, reserve: 512 * 1024);
        await storage.Gateways.SaveAsync(new GatewayRecord { Id = "g1" });
        string ballast = _disk.Fill();
        ulong seq = 0;
        StorageException? refused = null;
        for (int i = 0; i < 2000 && refused is null; i++)
            refused = await Record.ExceptionAsync(() => AppendAsync(storage, ++seq)) as StorageException;
        Assert.True(refused?.IsFull, refused?.Message);
        var line = new AuditLine(DateTimeOffset.UnixEpoch, "ann", "disarm", "h1", "owner", "allowed", "192.0.2.1", "Disarm partition 1.");
        for (long n = 1; n <= 20; n++)
            Assert.Equal(n, (await storage.Audit.AppendAsync(line)).Seq);
        StorageException kept = await Assert.ThrowsAsync<StorageException>(() => AppendAsync(storage, seq));
        Assert.True(kept.IsFull, kept.Message);
        File.Delete(ballast);
        await Server.ServerRig.UntilAsync(() => !storage.Reserve.IsGivenUp, "the reserve is taken again");
        await AppendAsync(storage, seq);
        Assert.Null(storage.Audit.Verify());
        Assert.Empty(storage.Events.Verify().Faults);
    }

    private static Task<AppendResult> AppendAsync(SqliteStorage storage, ulong seq)
    {
        var message = new SmaEvent { Id = $"e-{seq}", Seq = seq, Time = DateTimeOffset.UnixEpoch, Kind = "log", Body = new TextBody(new string('x', 2000)) };
        return storage.Events.AppendAsync(new EventAppend("g1", "e", [new PendingEvent(message, new XmlOutput())], message.Time));
    }
}
