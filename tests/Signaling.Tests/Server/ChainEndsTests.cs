using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>A server notes where its chains end and says so when they no longer reach that.</summary>
public sealed class ChainEndsTests
{
    [Fact]
    public async Task A_server_notes_the_ends_at_its_stop_and_finds_a_cut_at_its_next_start()
    {
        ServerRig first = await ServerRig.StartAsync();
        using (SmaHttpLink link = first.Link())
            await PostEventsAsync(link, GatewayId, "e", Event(1), Event(2));
        long last = first.Storage.Events.LastPosition;
        await first.StopAsync();
        string[] lines = await File.ReadAllLinesAsync(Path.Combine(first.Folder, ChainEnds.FileName));
        Assert.Contains($" journal {last} ", lines[^1], StringComparison.Ordinal);
        using (var database = new SqliteDatabase(Path.Combine(first.Folder, SqliteStorage.FileName), readOnly: false))
            database.Execute($"DELETE FROM events WHERE pos={last}");
        await using ServerRig second = await ServerRig.StartAsync(folder: first.Folder);
        await UntilAsync(() => second.Logs.Lines.Any(line => line.Contains($"The journal went to position {last} and ends before it now.", StringComparison.Ordinal)), "the cut is told");
    }
}
