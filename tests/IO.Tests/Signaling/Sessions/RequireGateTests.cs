using System.Net;
using MediaRelay.IO.Tests.Qos;
using MediaRelay.Qos.Cmts;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.IO.Tests.Signaling.Sessions;

/// <summary>
/// <c>Qos:RequireGate</c> from the command line to the viewer's answer, with a real policy server and CMTS between: what the network says, later than
/// <c>Qos:RequestDeadline</c> gives it time, and how long the picture was held back for it.
/// </summary>
public sealed class RequireGateTests
{
    private static readonly TimeSpan s_slow = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(500);

    [Theory]
    [InlineData("grants", 1.5, 9.5, GrantState.Committed, "The gate is committed.")]
    [InlineData("refuses", 1.5, 9.5, GrantState.Refused, "The network refused the gate: ")]
    [InlineData("is silent", 10, 30, GrantState.Requested, "The QoS grant did not come in time; media uses best effort.")]
    public async Task With_it_the_picture_waits_for_the_network_and_the_viewer_is_told(string network, double least, double most, GrantState grant, string words)
    {
        await using GateNode node = await GateNode.StartAsync(Network(network, s_slow), "--Qos:RequireGate=true", "--Qos:RequireGateWithin=10s");
        var (session, answer) = await node.LookInAsync();
        await GateSteps.UntilAsync(() => Task.FromResult(StateOf(node, session) == SessionState.HeldForGate), seconds: 10);
        Assert.False(answer.IsCompleted, "The gateway has answered and the network has not: the viewer has to wait.");

        await GateSteps.UntilAsync(() => Task.FromResult(node.Network.DsaExchanges > 0), seconds: 30);

        // Time begins when the network has been asked, and goes in steps that leave everybody room to act, so that it does not run ahead of them: once the network has had its time to
        // answer, ten times as much.
        while (!answer.IsCompleted && node.Time.Elapsed < TimeSpan.FromSeconds(60))
        {
            node.Time.Advance(s_step);
            await Task.WhenAny(answer, Task.Delay(network != "is silent" && node.Time.Elapsed > s_slow + s_step ? 2000 : 200));
        }

        Assert.Equal(HttpStatusCode.Created, (await answer).StatusCode);
        Assert.InRange(node.Time.Elapsed.TotalSeconds, least, most);
        Assert.Equal(grant, node.Get<SessionHost>().Find(session)!.Session.Grant);
        using NoticeReader viewerHears = await NoticeReader.OpenAsync(node.Player, (await answer).Headers.Location + "/events");
        Assert.NotEqual("", await viewerHears.NextAsync(words));
    }

    [Theory]
    [InlineData("grants", GrantState.Committed, "The gate is committed.")]
    [InlineData("refuses", GrantState.Refused, "The network refused the gate: ")]
    [InlineData("is silent", GrantState.Refused, "The policy server did not answer in time; media uses best effort and the gate is still tried for.")]
    public async Task Without_it_the_picture_comes_at_once_whatever_the_network_says_later(string network, GrantState grant, string words)
    {
        await using GateNode node = await GateNode.StartAsync(Network(network, s_step), "--Qos:RequestDeadline=5s");
        var (session, answer) = await node.LookInAsync();
        Assert.Equal(HttpStatusCode.Created, (await answer.WaitAsync(TimeSpan.FromSeconds(10))).StatusCode);
        Assert.Equal((TimeSpan.Zero, SessionState.Connecting), (node.Time.Elapsed, StateOf(node, session)));
        await node.Gateway.SayAsync(SmaEventKinds.MediaState, new MediaBody { Session = session, State = "connected", Path = "far=192.0.2.9:3478 near=10.0.0.2:5000 relayed=1 over=udp steps=secured:80" });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (node.Get<SessionHost>().Find(session)?.Session.Grant != grant)
        {
            node.Time.Advance(s_step);
            await Task.Delay(200, limit.Token);
        }

        // Best effort is no reason to end the look-in; the viewer is told what became of the gate.
        Assert.Equal(SessionState.Connected, StateOf(node, session));
        using NoticeReader viewerHears = await NoticeReader.OpenAsync(node.Player, (await answer).Headers.Location + "/events");
        string told = await viewerHears.NextAsync($"\"grant\":\"{grant.ToString().ToLowerInvariant()}\"");
        Assert.True(told.Contains(words, StringComparison.Ordinal), told);
    }

    private static CmtsSettings Network(string behaviour, TimeSpan after) => behaviour switch
    {
        "grants" => new CmtsSettings { DsxDelay = after },
        "refuses" => new CmtsSettings { DsxDelay = after, DsxRejects = 1 },
        _ => new CmtsSettings { DsxDelay = TimeSpan.FromHours(1) },
    };

    private static SessionState? StateOf(GateNode node, string session) => node.Get<SessionHost>().Find(session)?.Session.State;
}
