using System.Text;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.Tests.Storage;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>The Event Server on a disk of its own that is full: what a gateway sees of it.</summary>
public sealed class FullDiskServerTests : IAsyncLifetime, IDisposable
{
    private const string Base = "/sma/1/gw/" + GatewayId;

    private readonly SmallDisk _disk = new();
    private ServerRig _rig = null!;

    public async Task InitializeAsync()
    {
        string folder = Path.Combine(_disk.Folder, "data");
        Directory.CreateDirectory(folder);
        _rig = await StartAsync(options =>
        {
            options.RequestsPerSecond = 1000;
            options.EventsPerSecond = 10_000;
        }, folder);
    }

    public async Task DisposeAsync()
    {
        if (_rig is not null)
            await _rig.DisposeAsync();
    }

    public void Dispose() => _disk.Dispose();

    [Fact]
    public async Task Events_are_answered_507_with_a_time_to_come_back_and_taken_when_there_is_room()
    {
        using SmaHttpLink link = _rig.Link();
                ulong acknowledged = (await PostEventsAsync(link, GatewayId, "e", Long(1))).UpTo;
        string ballast = _disk.Fill();
        SmaAnswer? refused = null;
        for (int i = 0; i < 2000 && refused is null; i++)
        {
            SmaAnswer answer = await PostAsync(link, Base + "/events", EventsDocument(GatewayId, "e", Long(acknowledged + 1)));
            if (answer.Status == 202)
                acknowledged++;
            else
                refused = answer;
        }

        Assert.NotNull(refused);
        Assert.Equal(507, refused.Status);
        Assert.Equal(TimeSpan.FromSeconds(5), refused.RetryAfter);
        Assert.Contains("Keep it and try again", Encoding.UTF8.GetString(refused.Body), StringComparison.Ordinal);
        SmaAnswer instructions = await link.SendAsync("GET", Base + "/instructions?wait=0", default, null, TimeSpan.FromSeconds(20), default);
        Assert.Equal(204, instructions.Status);
        IReadOnlyList<StoredEvent> stored = _rig.Storage.Events.Read(0, 5000);
        Assert.Equal((int)acknowledged, stored.Count(one => one.Gateway == GatewayId && one.Epoch == "e"));
        File.Delete(ballast);
        Assert.Equal(acknowledged + 1, (await PostEventsAsync(link, GatewayId, "e", Long(acknowledged + 1))).UpTo);
        Assert.Empty(_rig.Storage.Events.Verify().Faults);
    }

    private static SmaEvent Long(ulong seq) => Event(seq) with { Body = new TextBody(new string('x', 2000)) };
}
