using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Tests.Support;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>The Event Server ends and starts again: its gateways are told when to return, and nobody is taken for lost who only waits.</summary>
public sealed class PlannedRestartTests
{
    private const string Base = "/sma/1/gw/" + GatewayId;

    [Fact]
    public async Task The_end_answers_a_held_request_503_with_the_time_that_its_gateways_need_to_return()
    {
        await using ServerRig rig = await ServerRig.StartAsync();
        using SmaHttpLink link = rig.Link();
        Task<SmaAnswer> held = link.SendAsync("GET", Base + "/instructions?after=0&wait=20", default, null, TimeSpan.FromSeconds(30), CancellationToken.None);
        await UntilAsync(() => rig.Links.HeldRequests == 1, "the GET is held");
        // The host's time may be over when the turn of the Event Server comes.
        Task stopping = rig.Server.StopAsync(new CancellationToken(canceled: true));
        SmaAnswer answer = await held.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(503, answer.Status);
        Assert.Contains("code=\"draining\"", System.Text.Encoding.UTF8.GetString(answer.Body), StringComparison.Ordinal);
        // One gateway needs no spread: the time of a restart, and 1 s.
        Assert.InRange(answer.RetryAfter!.Value.TotalSeconds, 5, 6);
        await stopping.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task While_the_node_ends_a_hello_and_a_get_hear_of_the_same_moment_and_events_are_taken()
    {
        await using ServerRig rig = await ServerRig.StartAsync();
        using SmaHttpLink link = rig.Link();
        rig.Links.BeginDrain();
        SmaAnswer get = await link.SendAsync("GET", Base + "/instructions?after=0&wait=20", default, null, TimeSpan.FromSeconds(10), CancellationToken.None);
        SmaAnswer hello = await PostAsync(link, Base + "/session", Hello(GatewayId));
        Assert.Equal((503, 503), (get.Status, hello.Status));
        Assert.InRange((get.RetryAfter!.Value - hello.RetryAfter!.Value).TotalSeconds, 0, 1);
        Assert.Equal(1UL, (await PostEventsAsync(link, GatewayId, "e", Event(1))).UpTo);
    }

    [Fact]
    public async Task While_the_node_ends_no_silence_is_judged()
    {
        var time = new ManualTime(DateTimeOffset.UtcNow);
        await using ServerRig rig = await ServerRig.StartAsync(time: time);
        using SmaHttpLink link = rig.Link();
        await PostEventsAsync(link, GatewayId, "e", Event(1));
        rig.Links.BeginDrain();
        await AdvanceAsync(time, 90);
        Assert.Equal(PresenceState.Connected, rig.Links.Presence(GatewayId));
    }

    [Fact]
    public async Task Over_the_rate_of_sessions_a_gateway_is_told_to_come_back_its_alarm_passes_and_it_is_not_missed()
    {
        var time = new ManualTime(DateTimeOffset.UtcNow);
        await using ServerRig rig = await ServerRig.StartAsync(options => options.SessionsPerSecond = 0.01, time: time);
        using SmaHttpLink first = rig.Link(), second = rig.Link(Other);
        Assert.Equal(200, (await PostAsync(first, Base + "/session", Hello(GatewayId))).Status);
        SmaAnswer refused = await PostAsync(second, $"/sma/1/gw/{Other}/session", Hello(Other));
        Assert.Equal((503, 100), (refused.Status, refused.RetryAfter!.Value.TotalSeconds));
        Assert.Contains("code=\"busy\"", System.Text.Encoding.UTF8.GetString(refused.Body), StringComparison.Ordinal);
        Assert.Equal(503, (await PostAsync(second, $"/sma/1/gw/{Other}/events", EventsDocument(Other, "e", Event(1)))).Status);
        await PostEventsAsync(second, Other, "e", Event(2, "alarm.raised", EventPriority.Alarm));
        await AdvanceAsync(time, 79);
        Assert.Equal(PresenceState.Connected, rig.Links.Presence(Other));
        Assert.Equal(PresenceState.Lost, rig.Links.Presence(GatewayId));
        await AdvanceAsync(time, 22);
        Assert.Equal(200, (await PostAsync(second, $"/sma/1/gw/{Other}/session", Hello(Other))).Status);
    }

    [Theory]
    [InlineData(PresenceState.Lost)]
    [InlineData(PresenceState.Suspect)]
    public async Task A_gateway_that_was_lost_before_the_restart_is_back_after_it(PresenceState before)
    {
        ServerRig rig = await ServerRig.StartAsync();
        await rig.Storage.Gateways.NoteSeenAsync([new GatewaySeen(GatewayId, before, DateTimeOffset.UtcNow.AddMinutes(-5))]);
        await rig.StopAsync();
        await using ServerRig successor = await ServerRig.StartAsync(folder: rig.Folder);
        await UntilAsync(() => successor.Links.Presence(GatewayId) == before, "the presence is known again");
        Assert.Equal(0, successor.Links.Connected);
        using SmaHttpLink link = successor.Link();
        await PostEventsAsync(link, GatewayId, "e", Event(1));
        await UntilAsync(() => successor.Storage.Events.Read(0, 10).Any(e => e.Event.Kind == SmaEventKinds.GatewayBack), "the gateway is back");
        Assert.DoesNotContain(successor.Storage.Events.Read(0, 10), e => e.Event.Kind is SmaEventKinds.GatewayLost or SmaEventKinds.GatewaySuspect);
    }

    [Fact]
    public async Task A_gateway_that_does_not_return_from_a_restart_is_lost_in_the_end()
    {
        var time = new ManualTime(DateTimeOffset.UtcNow);
        ServerRig rig = await ServerRig.StartAsync(time: time);
        using (SmaHttpLink link = rig.Link())
            await PostEventsAsync(link, GatewayId, "e", Event(1));
        await rig.StopAsync();
        await using ServerRig successor = await ServerRig.StartAsync(folder: rig.Folder, time: time);
        await UntilAsync(() => successor.Links.Presence(GatewayId) == PresenceState.Connected, "the gateway is expected");
        await AdvanceAsync(time, 55);
        Assert.Equal([SmaEventKinds.GatewaySuspect], Kinds(successor).Where(kind => kind.StartsWith("gateway.", StringComparison.Ordinal)));
        await AdvanceAsync(time, 10);
        await UntilAsync(() => Kinds(successor).Contains(SmaEventKinds.GatewayLost), "the gateway is lost");
    }

    private static byte[] Hello(string gateway)
    {
        var x = new XmlOutput();
        SmaWriter.WriteHello(x, new Hello { Gateway = gateway, Epoch = "e", Majors = [1], Software = "test", LastEvent = 0, LastInstruction = 0, Time = DateTimeOffset.UtcNow });
        return x.Written.ToArray();
    }

    private static IEnumerable<string> Kinds(ServerRig rig) => rig.Storage.Events.Read(0, 100).Select(e => e.Event.Kind);

    /// <summary>Step by step, so that the server's own tick takes its turns.</summary>
    private static async Task AdvanceAsync(ManualTime time, int seconds)
    {
        for (int i = 0; i < seconds * 2; i++)
        {
            time.Advance(TimeSpan.FromSeconds(0.5));
            await Task.Delay(2);
        }
    }
}
