using System.Net;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Journal;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.System.Tests.Qos;

/// <summary>CMTS, policy server and application manager on loopback sockets, with the events of the last one.</summary>
internal sealed class GateRig : IAsyncDisposable
{
    private readonly List<GateEvent> _events = [];

    private GateRig(CmtsHost cmts, PolicyServerHost server, PolicyServerLink manager)
    {
        Cmts = cmts;
        Server = server;
        Manager = manager;
        manager.Subscribe(happened =>
        {
            lock (_events) _events.Add(happened);
        });
    }

    public CmtsHost Cmts { get; }

    public PolicyServerHost Server { get; }

    public PolicyServerLink Manager { get; }

    public int CmtsPort => Cmts.LocalEndPoints[0].Port;

    public int ServerPort => Server.LocalEndPoints[0].Port;

    public IReadOnlyList<GateEvent> Events
    {
        get
        {
            lock (_events) return [.. _events];
        }
    }

    /// <summary>Listens; <see cref="ConnectAsync"/> lets the application manager dial.</summary>
    public static GateRig Start(CmtsSettings? settings = null)
    {
        SubscriberPrefix[] loopback = [Prefix("127.0.0.0/8")];
        var cmts = new CmtsHost(settings ?? new CmtsSettings { Modems = [Prefix("10.1.0.0/16")] }, TimeProvider.System, NullLogger<CmtsHost>.Instance);
        cmts.Start(new IPEndPoint(IPAddress.Loopback, 0), loopback);
        var keepAlive = new CopsSettings { KeepAlive = TimeSpan.FromSeconds(1) };
        var server = new PolicyServerHost(
            new PolicyServerSettings(new Psid(77), [(Prefix("10.1.0.0/16"), 0)]) { South = keepAlive }, [cmts.LocalEndPoints[0]], new PolicyRules(), TimeProvider.System, NullLogger<PolicyServerHost>.Instance);
        server.Start(new IPEndPoint(IPAddress.Loopback, 0), loopback);
        var manager = new PolicyServerLink(
            new ApplicationManagerSettings(0x5678) { RequestDeadline = TimeSpan.FromSeconds(10), Cops = keepAlive }, [server.LocalEndPoints[0]], new MemoryGateJournal(), TimeProvider.System, NullLogger<PolicyServerLink>.Instance);
        return new GateRig(cmts, server, manager);
    }

    public async Task ConnectAsync()
    {
        await Until(async () => (await Server.SnapshotAsync()).Cmts[0]);
        await Manager.StartAsync(CancellationToken.None);
        await Until(() => Task.FromResult(Manager.Counters.Synchronisations > 0));
    }

    public static GateRequest Request(string subscriber, GateDirection direction, TrafficProfile profile)
    {
        IPEndPoint home = new(IPAddress.Parse(subscriber), 16384), far = new(IPAddress.Parse("198.51.100.7"), 40000);
        bool isUp = direction == GateDirection.Upstream;
        return new GateRequest(
            new GateSpec(direction) { T1 = 200, T2 = 300, T3 = 60, T4 = 30 }, SubscriberId.From(home.Address), profile, [Classifier.ForFlow(1, 17, isUp ? home : far, isUp ? far : home)]);
    }

    /// <summary>Waits for a condition, at most ten seconds.</summary>
    public static async Task Until(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!await condition())
        {
            Assert.False(limit.IsCancellationRequested, "The condition did not come true within ten seconds.");
            await Task.Delay(10, CancellationToken.None);
        }
    }

    public static SubscriberPrefix Prefix(string text) => SubscriberPrefix.TryParse(text, out SubscriberPrefix prefix) ? prefix : throw new FormatException(text);

    public async ValueTask DisposeAsync()
    {
        // Enforcement points leave first: only they delete their request.
        await Cmts.DisposeAsync();
        await Server.DisposeAsync();
        await Manager.DisposeAsync();
    }
}
