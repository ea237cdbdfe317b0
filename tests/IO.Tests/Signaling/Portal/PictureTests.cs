using System.Net;
using System.Text.Json;
using MediaRelay.IO.Tests.Qos;
using MediaRelay.IO.Tests.Signaling.Sessions;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Tests.Support;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>Stills pass through and are gone; clips are listed while they are there and removed by who may.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class PictureTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly PortalNode _node;

    public PictureTests() => _node = new PortalNode { Time = _time };

    private ClipStore Clips => _node.Get<ClipStore>();

    public Task InitializeAsync() => _node.InitializeAsync();

    public Task DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_still_that_was_read_is_nowhere_on_the_disk()
    {
        await using var gateway = new CameraStandIn(_node.Get<GatewayLinks>(), _node.Get<IStorage>(), "gw-1", _time);
        using HttpClient ann = await _node.BrowserAsync("ann");
        Task<HttpResponseMessage> first = ann.GetAsync("/api/homes/h1/cameras/cam-1/still"), second = ann.GetAsync("/api/homes/h1/cameras/cam-1/still");
        string id = "";
        await GateSteps.UntilAsync(() => Task.FromResult((id = gateway.Stills.FirstOrDefault() ?? "").Length > 0), seconds: 10);
        await PutAsync(id, [1, 2, 3]);
        await gateway.SayAsync(SmaEventKinds.ClipStored, new ClipBody { Id = id, Camera = "cam-1", Type = "image/jpeg", Size = 3 });
        foreach (HttpResponseMessage answer in (HttpResponseMessage[])[await first, await second])
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal([1, 2, 3], await answer.Content.ReadAsByteArrayAsync());
        }

        Assert.Equal((0L, false), Clips.Status("gw-1", id));
        Assert.Single(gateway.Stills);
    }

    [Fact]
    public async Task A_still_that_cannot_be_asked_for_says_so_at_once()
    {
        _node.Get<GatewayLinks>().Link("gw-1").HandleRequest(_time.Elapsed, []);
        Task Fill(int i) => _node.Get<GatewayLinks>().SendAsync("gw-1", new Instruction { Id = $"i-{i}", Time = _time.GetUtcNow(), Expires = _time.GetUtcNow().AddHours(1), Kind = InstructionKinds.HomeQuery, Body = new HomeQuery("all", null, null, []) });
        await Assert.ThrowsAsync<StorageException>(async () =>
        {
            for (int i = 0; i < 5000; i++)
                await Fill(i);
        });
        using HttpClient ann = await _node.BrowserAsync("ann");
        HttpResponseMessage answer = await ann.GetAsync("/api/homes/h1/cameras/cam-1/still");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("urn:mediarelay:problem:queue-full", (await PortalNode.JsonOf(answer)).GetProperty("type").GetString());
    }

    [Fact]
    public async Task The_owner_removes_a_clip_which_the_audit_shows_and_the_list_no_longer()
    {
        await StoreAsync("c-1");
        await StoreAsync("c-2");
        using HttpClient ann = await _node.BrowserAsync("ann"), olga = await _node.BrowserAsync("olga"), bob = await _node.BrowserAsync("bob");
        Assert.Equal(["c-2", "c-1"], await ListAsync(ann));
        Assert.Equal(HttpStatusCode.Forbidden, (await olga.DeleteAsync("/api/clips/gw-1/c-1")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.DeleteAsync("/api/clips/gw-1/c-1")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await ann.DeleteAsync("/api/clips/gw-1/c-1")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await ann.DeleteAsync("/api/clips/gw-1/c-1")).StatusCode);
        Assert.Equal(["c-2"], await ListAsync(ann));
        Assert.Contains(_node.Get<IStorage>().Audit.Read("h1", null, 50), r => r is { Actor: "ann", Result: "allowed", Detail: "Remove clip c-1." });
    }

    [Fact]
    public async Task A_clip_of_an_alarm_stays_until_the_alarm_is_closed()
    {
        await _node.HappensAsync(SmaEventKinds.AlarmRaised, "130", 3);
        await GateSteps.UntilAsync(() => Task.FromResult(_node.Get<HomeRecords>().IsAlarmUnderWork("h1")), seconds: 10);
        await StoreAsync("c-1", isAlarm: true);
        using HttpClient ann = await _node.BrowserAsync("ann");
        HttpResponseMessage answer = await ann.DeleteAsync("/api/clips/gw-1/c-1");
        Assert.Equal((HttpStatusCode.Conflict, "urn:mediarelay:problem:clip-in-use"), (answer.StatusCode, (await PortalNode.JsonOf(answer)).GetProperty("type").GetString()));
        _time.Advance(TimeSpan.FromDays(2));
        Assert.False(_node.Get<HomeRecords>().IsAlarmUnderWork("h1"));
    }

    [Fact]
    public void Stills_in_memory_are_bounded_by_their_octets()
    {
        var cache = new StillCache(maxOctets: 100);
        for (int i = 0; i < 10; i++)
            cache.Keep($"cam-{i}", new Still(new byte[30], _time.GetUtcNow()));
        cache.Keep("cam-8", new Still(new byte[31], _time.GetUtcNow()));
        Assert.Equal(["cam-7", "cam-8", "cam-9"], Enumerable.Range(0, 10).Select(i => $"cam-{i}").Where(camera => cache.Find(camera) is not null));
        Assert.Equal(31, cache.Find("cam-8")!.Jpeg.Length);
        cache.Keep("large", new Still(new byte[101], _time.GetUtcNow()));
        Assert.Null(cache.Find("large"));
    }

    private async Task StoreAsync(string id, bool isAlarm = false)
    {
        await PutAsync(id, new byte[10], isAlarm);
        await _node.HappensAsync(SmaEventKinds.ClipStored, body: new ClipBody { Id = id, Camera = "cam-1", Type = "video/mp4", Size = 10 });
    }

    private async Task PutAsync(string id, byte[] content, bool isAlarm = false) =>
        Assert.Equal(ClipResult.Complete, (await Clips.WriteAsync("gw-1", id, 0, content.Length, content.Length, isAlarm, new MemoryStream(content), CancellationToken.None)).Result);

    private static async Task<string[]> ListAsync(HttpClient client) =>
        [.. JsonSerializer.Deserialize<JsonElement>(await client.GetStringAsync("/api/homes/h1/clips")).GetProperty("clips").EnumerateArray().Select(c => c.GetProperty("id").GetString()!)];
}
