using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Events;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>A gateway that sends too much is slowed down; its alarms and the other gateways are not. The rates are so low that little is won back while a test runs.</summary>
public sealed class GatewayRateTests : IAsyncLifetime
{
    private const string Base = "/sma/1/gw/" + GatewayId;

    private ServerRig _rig = null!;

    public async Task InitializeAsync() => _rig = await ServerRig.StartAsync(options =>
    {
        options.RequestsPerSecond = 1; // 4 in a burst.
        options.EventsPerSecond = 1; // 10 in a burst.
    });

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    [Fact]
    public async Task Events_over_the_rate_are_answered_429_and_alarms_still_pass()
    {
        using SmaHttpLink link = _rig.Link();
        ulong seq = 0;
        await PostEventsAsync(link, GatewayId, "e", [.. Enumerable.Range(0, 10).Select(_ => Event(++seq))]);

        SmaAnswer answer = await PostAsync(link, Base + "/events", EventsDocument(GatewayId, "e", [.. Enumerable.Range(1, 10).Select(i => Event(seq + (ulong)i))]));

        Assert.Equal(429, answer.Status);
        Assert.NotNull(answer.RetryAfter);
        await PostEventsAsync(link, GatewayId, "e", Event(++seq, "alarm.raised", EventPriority.Alarm));
        await OtherIsServedAsync();
    }

    [Fact]
    public async Task Requests_over_the_rate_are_answered_429_and_alarms_still_pass()
    {
        using SmaHttpLink link = _rig.Link();
        SmaAnswer? status = null;
        for (int i = 0; i < 40 && status?.Status != 429; i++)
        {
            await link.SendAsync("GET", Base + "/config", default, null, TimeSpan.FromSeconds(20), CancellationToken.None);
            status = await PostAsync(link, Base + "/events", EventsDocument(GatewayId, "e", Event(1)));
        }

        Assert.Equal(429, status?.Status);
        Assert.NotNull(status?.RetryAfter);

        EventsAccepted accepted = await PostEventsAsync(link, GatewayId, "e", Event(2, "alarm.raised", EventPriority.Alarm));
        Assert.Equal(2ul, accepted.UpTo);
        await OtherIsServedAsync();
    }

    [Fact]
    public async Task A_storm_of_events_documents_ends_unread_once_the_spare_requests_are_used_up()
    {
        using SmaHttpLink link = _rig.Link();
        byte[] notXml = "nothing of the contract"u8.ToArray();
        var statuses = new List<int>();
        for (int i = 0; i < 30; i++)
            statuses.Add((await PostAsync(link, Base + "/events", notXml)).Status);

        Assert.InRange(statuses.Count(status => status == 400), 8, 29); // 4 and the 4 that are kept, and what a slow run wins back.
        Assert.Contains(429, statuses);
        await OtherIsServedAsync();
    }

    private async Task OtherIsServedAsync()
    {
        using SmaHttpLink other = _rig.Link(Other);
        await PostEventsAsync(other, Other, "e", Event(1));
    }
}
