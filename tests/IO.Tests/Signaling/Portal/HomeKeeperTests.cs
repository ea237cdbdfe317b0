using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.IO.Tests.Qos;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.Incidents;
using MediaRelay.Tests.Support;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>Events become homes and incidents, whoever described the home before and whatever its clock says.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class HomeKeeperTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly PortalNode _node;

    public HomeKeeperTests() => _node = new PortalNode { Time = _time };

    private HomeRecords Homes => _node.Get<HomeRecords>();

    public Task InitializeAsync() => _node.InitializeAsync();

    public Task DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData("h9", "h9")]
    [InlineData("", "gw-9")]
    public async Task The_alarm_of_a_gateway_whose_home_nobody_described_is_an_incident(string home, string found)
    {
        await _node.Get<IStorage>().Gateways.SaveAsync(new GatewayRecord { Id = "gw-9", Home = home });
        await HappensAsync("gw-9", _time.GetUtcNow(), SmaEventKinds.AlarmRaised, "111");
        Incident incident = await IncidentAsync(found);
        Assert.Equal(("111", found), (incident.Code, incident.Home));
        Assert.Equal(("gw-9", found), (Homes.Find(found)!.Gateway, Homes.Find(found)!.Name));
    }

    [Theory]
    [InlineData(-9 * 24 * 60, -9 * 24 * 60)]
    [InlineData(-60, -60)]
    [InlineData(5, 0)]
    [InlineData(24 * 60, 0)]
    [InlineData(-30_000_000, 0)]
    public async Task The_look_in_window_runs_from_the_receipt_whatever_the_clock_of_the_home_says(int clockMinutes, int openedMinutes)
    {
        DateTimeOffset now = _time.GetUtcNow();
        await HappensAsync("gw-1", now.AddMinutes(clockMinutes), SmaEventKinds.AlarmRaised, "130");
        Incident incident = await IncidentAsync("h1");
        Assert.Equal((now, now.AddMinutes(openedMinutes)), (incident.LastSignal, incident.Opened));
        Assert.Equal(now, Homes.Facts("h1", null).LastAlarmSignal);
    }

    [Theory]
    [InlineData(24 * 60, false)]
    [InlineData(-30_000_000, false)]
    [InlineData(0, true)]
    public async Task A_report_of_a_wrong_clock_is_shown_and_does_not_block_the_next(int clockMinutes, bool isUnset)
    {
        await HappensAsync("gw-1", _time.GetUtcNow().AddMinutes(clockMinutes), SmaEventKinds.PartitionState, body: new PartitionBody { Id = 1, State = "armed", Mode = "away" }, isUnset: isUnset);
        await GateSteps.UntilAsync(() => Task.FromResult(Homes.Find("h1")!.Partitions is [{ Mode: "away" }]), seconds: 10);
        _time.Advance(TimeSpan.FromMinutes(1));
        await HappensAsync("gw-1", _time.GetUtcNow(), SmaEventKinds.PartitionState, body: new PartitionBody { Id = 1, State = "disarmed", Mode = "off" });
        await GateSteps.UntilAsync(() => Task.FromResult(Homes.Find("h1")!.Partitions is [{ Mode: "off" }]), seconds: 10);
        Assert.Equal(_time.GetUtcNow(), Homes.Find("h1")!.Partitions[0].At);
    }

    [Fact]
    public async Task A_report_from_the_future_that_was_stored_before_does_not_block_the_next()
    {
        await Homes.SaveAsync(Homes.Find("h1")! with { Partitions = [new(1, "armed", "away", _time.GetUtcNow().AddYears(1), null, [], [])] });
        await HappensAsync("gw-1", _time.GetUtcNow(), SmaEventKinds.PartitionState, body: new PartitionBody { Id = 1, State = "disarmed", Mode = "off" });
        await GateSteps.UntilAsync(() => Task.FromResult(Homes.Find("h1")!.Partitions is [{ Mode: "off" }]), seconds: 10);
    }

    [Fact]
    public async Task The_same_event_id_of_two_gateways_of_a_home_makes_two_incidents()
    {
        await _node.Get<IStorage>().Gateways.SaveAsync(new GatewayRecord { Id = "gw-2", Home = "h1" });
        foreach ((string gateway, string code, byte partition) in ((string, string, byte)[])[("gw-1", "130", 1), ("gw-2", "111", 2)])
        {
            var alarm = new SmaEvent { Id = "e-1", Seq = 1, Time = _time.GetUtcNow(), Kind = SmaEventKinds.AlarmRaised, Code = code, Partition = partition, Priority = EventPriority.Alarm };
            await _node.Get<IStorage>().Events.AppendAsync(new EventAppend(gateway, "e", [new PendingEvent(alarm, new XmlOutput())], _time.GetUtcNow()));
        }

        await GateSteps.UntilAsync(() => Task.FromResult(Homes.Incidents("h1", open: true).Count == 2), seconds: 10);
        Assert.Equal(["inc-gw-1~e-1", "inc-gw-2~e-1"], Homes.Incidents("h1", open: true).Select(i => i.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Everybody_finds_their_homes_among_thousands_and_the_operator_all_in_pages()
    {
        await _node.Get<IStorage>().Documents.SaveAsync([.. Enumerable.Range(0, 2500).Select(i => HomeRecords.Document(new HomeRecord { Id = $"a{i:0000}", Name = $"Home {i}", Gateway = $"gw-a{i}" }))]);
        DateTimeOffset now = _time.GetUtcNow();
        await _node.Get<PortalUsers>().CreateAsync("ina", "Ina", ActorRole.Installer, null, PortalNode.Password);
        for (int i = 0; i < 1100; i++)
            await Homes.SaveAsync(new AccessGrant($"g-{i:0000}", $"a{i:0000}", i is 7 or 1098 ? "ina" : "gus", [HomeAction.ViewState], now, i == 7 ? now : now.AddHours(1), "ann", "ina visits"));
        await HappensAsync("gw-1", now, SmaEventKinds.AlarmRaised, "130");
        await IncidentAsync("h1");
        Assert.Equal(["a1098"], await HomesAsync("ina", "/api/homes"));
        Assert.Equal(["h1"], await HomesAsync("ann", "/api/homes"));
        Assert.Equal(["h1"], await HomesAsync("olga", "/api/homes"));
        Assert.Empty(await HomesAsync("mso", "/api/homes"));
        string[] first = await HomesAsync("mso", "/api/operator/homes"), last = await HomesAsync("mso", "/api/operator/homes?after=a1999");
        Assert.Equal((1000, "a0000", "a0999"), (first.Length, first[0], first[^1]));
        Assert.Equal((501, "a2000", "h1"), (last.Length, last[0], last[^1]));
    }

    private async Task<string[]> HomesAsync(string user, string path)
    {
        using HttpClient client = await _node.BrowserAsync(user);
        return [.. (await client.GetFromJsonAsync<JsonElement>(path)).EnumerateArray().Select(h => h.GetProperty("id").GetString()!)];
    }

    private Task<StoredEvent> HappensAsync(string gateway, DateTimeOffset at, string kind, string? code = null, byte partition = 1, MessageBody? body = null, bool isUnset = false) =>
        _node.Get<IStorage>().Events.AppendServerEventAsync(
            gateway, new SmaEvent { Id = "", Seq = 0, Time = at, Kind = kind, Code = code, Partition = partition, Body = body, IsClockUnset = isUnset, Priority = EventPriority.Alarm }, _time.GetUtcNow());

    private async Task<Incident> IncidentAsync(string home)
    {
        await GateSteps.UntilAsync(() => Task.FromResult(Homes.Incidents(home, open: true).Count == 1), seconds: 10);
        return Homes.Incidents(home, open: true)[0];
    }
}
