using System.Diagnostics.Metrics;
using MediaRelay.Turn.IO.Shards;
using Microsoft.Extensions.Hosting;

namespace MediaRelay.Turn.IO;

/// <summary>
/// Instruments of the relay, meter <c>MediaRelay.Turn.IO</c>. Shards count in plain longs; these observable instruments read them,
/// so a packet costs nothing here. Tags: <c>shard</c>, <c>direction</c>, <c>reason</c>, <c>user</c>.
/// </summary>
internal sealed class TurnMetrics : IHostedService, IDisposable
{
    private readonly TurnServer _server;
    private readonly Meter _meter = new("MediaRelay.Turn.IO");

    public TurnMetrics(TurnServer server)
    {
        _server = server;
        Gauge("turn.allocations", "{allocation}", "Allocations alive.", shard => shard.Allocations);
        Gauge("turn.relay.sockets", "{socket}", "Relay sockets open.", shard => shard.Counters.RelaySockets);
        Counter("turn.allocations.created", "{allocation}", "Allocations made.", shard => shard.EngineCounters.AllocationsCreated);
        Counter("turn.allocations.expired", "{allocation}", "Allocations not refreshed in time.", shard => shard.EngineCounters.AllocationsExpired);
        Counter("turn.requests", "{request}", "Requests that need authentication.", shard => shard.EngineCounters.Requests);
        Counter("turn.requests.binding", "{request}", "STUN Binding requests.", shard => shard.EngineCounters.BindingRequests);
        Counter("turn.authentication.failures", "{failure}", "Requests with wrong credentials.", shard => shard.EngineCounters.AuthenticationFailures);
        Counter("turn.answers.withheld", "{answer}", "Answers withheld from unverified sources.", shard =>
            shard.EngineCounters.WithheldByRate + shard.EngineCounters.WithheldBySize + shard.EngineCounters.WithheldByFailures);
        Counter("turn.peers.forbidden", "{request}", "Requests and datagrams to peers that the policy refuses.", shard =>
            shard.EngineCounters.ForbiddenPeers + shard.EngineCounters.DroppedForbiddenPeer);
        Counter("turn.peers.strangers", "{peer}", "Peers outside the session scope of a credential.", shard => shard.EngineCounters.ScopeStrangers);
        Counter("turn.system_calls", "{call}", "System calls of the data path.", shard => shard.Counters.SystemCalls);
        Counter("turn.loop.turns", "{turn}", "Turns of the shard's loop.", shard => shard.Counters.Turns);
        Counter("turn.loop.buffer_shortages", "{time}", "Times that all receive buffers of a shard were taken.", shard => shard.Counters.BufferShortages);
        Counter("turn.shard.errors", "{error}", "Errors that a shard should not meet.", shard => shard.Counters.Restarts);
        Directed("turn.packets", "{packet}", "Datagrams relayed.", c => c.PacketsToPeer, c => c.PacketsToClient);
        Directed("turn.bytes", "By", "Payload bytes relayed.", c => c.BytesToPeer, c => c.BytesToClient);
        _meter.CreateObservableCounter("turn.dropped", Dropped, "{packet}", "Datagrams not relayed, by reason.");
        _meter.CreateObservableCounter("turn.refusals", Refusals, "{request}", "Requests refused, by reason.");
        _meter.CreateObservableGauge("turn.user.allocations", () => Users(u => u.Active), "{allocation}", "Allocations alive of a user or subscriber.");
        _meter.CreateObservableCounter("turn.user.allocations.created", () => Users(u => u.Created), "{allocation}", "Allocations made by a user or subscriber.");
        _meter.CreateObservableCounter("turn.user.bytes", () => Users(u => u.BytesToPeer + u.BytesToClient), "By", "Bytes relayed for a user or subscriber in allocations that ended.");
        _meter.CreateObservableGauge("turn.connections", () => _server.Streams?.Count ?? 0, "{connection}", "Client connections over TCP and TLS.");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _meter.Dispose();

    private void Gauge(string name, string unit, string description, Func<RelayShard, long> read) =>
        _meter.CreateObservableGauge(name, () => Each(read), unit, description);

    private void Counter(string name, string unit, string description, Func<RelayShard, long> read) =>
        _meter.CreateObservableCounter(name, () => Each(read), unit, description);

    private void Directed(string name, string unit, string description, Func<RelayCounters, long> toPeer, Func<RelayCounters, long> toClient) =>
        _meter.CreateObservableCounter(
            name,
            () => _server.Shards.SelectMany(shard => (Measurement<long>[])[
                new(toPeer(shard.EngineCounters), Tag("shard", shard.Index), Realm, Tag("direction", "to_peer")),
                new(toClient(shard.EngineCounters), Tag("shard", shard.Index), Realm, Tag("direction", "to_client"))]),
            unit,
            description);

    private IEnumerable<Measurement<long>> Each(Func<RelayShard, long> read) =>
        _server.Shards.Select(shard => new Measurement<long>(read(shard), Tag("shard", shard.Index), Realm));

    private IEnumerable<Measurement<long>> Dropped() => _server.Shards.SelectMany(shard => (Measurement<long>[])[
        Drop(shard, "no_channel", shard.EngineCounters.DroppedChannelData),
        Drop(shard, "no_permission_to_peer", shard.EngineCounters.DroppedSend),
        Drop(shard, "no_permission_from_peer", shard.EngineCounters.DroppedFromPeer),
        Drop(shard, "bandwidth", shard.EngineCounters.DroppedBandwidth),
        Drop(shard, "overload", shard.Counters.DroppedOverload),
        Drop(shard, "receive_buffer", shard.Counters.DroppedByKernel),
        Drop(shard, "send", shard.Counters.SendFailures),
        Drop(shard, "slow_client", shard.Counters.DroppedSlowClient)]);

    private IEnumerable<Measurement<long>> Refusals() => (_server.Events?.Refusals ?? [])
        .Select(refusal => new Measurement<long>(refusal.Count, Realm, Tag("reason", refusal.Reason.ToString())));

    private IEnumerable<Measurement<long>> Users(Func<TurnEvents.UserTotals, long> read) => (_server.Events?.Users ?? [])
        .Select(user => new Measurement<long>(read(user.Value), Realm, Tag("user", user.Key)));

    private static Measurement<long> Drop(RelayShard shard, string reason, long count) => new(count, Tag("shard", shard.Index), Tag("reason", reason));

    private KeyValuePair<string, object?> Realm => Tag("realm", _server.Plan?.Options.Realm ?? "");

    private static KeyValuePair<string, object?> Tag(string name, object value) => new(name, value);
}
