using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Turn;
using MediaRelay.Turn.IO;

namespace MediaRelay.Server.Roles;

/// <summary>The relays on the operator's page: this node's with its load, the others by their address.</summary>
internal sealed class RelayModule(AccessGate gate, SignalingOptions options, TurnServer? relay, TimeProvider time) : IPortalModule
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private (long At, long Bytes, long Packets)? _last;
    private (double Bits, double Packets) _rate;

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/api/operator/relays", async (HttpContext context) =>
        await gate.AskToReadAsync(PortalGuard.ActorOf(context), HomeAction.OperateSystem, "", null, PortalGuard.SourceOf(context), "Read the relays.") is { IsAllowed: false } refused
            ? Problem.Refused(refused.Reason)
            : Results.Json(new { relays = (object[])[.. Own(), .. Others()] })).WithSummary("Relays: this node's with its load, others by their address.");

    private IEnumerable<object> Own()
    {
        if (relay is null)
            yield break;
        RelayCounters[] counters = [.. relay.Shards.Select(s => s.EngineCounters)];
        var (bits, packets) = Rate(counters);
        yield return new
        {
            id = "this node",
            state = relay.IsDraining ? "draining" : "ready",
            allocations = relay.Allocations,
            maxAllocations = relay.Plan?.Limits.Allocations,
            bitsPerSecond = Math.Round(bits),
            packetsPerSecond = Math.Round(packets),
            dropped = counters.Sum(c => c.DroppedChannelData + c.DroppedSend + c.DroppedFromPeer + c.DroppedBandwidth) + relay.Shards.Sum(s => s.Counters.DroppedOverload + s.Counters.DroppedByKernel),
            refused = counters.Sum(c => c.QuotaRefusals + c.CapacityRefusals + c.ForbiddenPeers),
            workers = relay.Shards.Count,
            addresses = options.Relays,
        };
    }

    /// <summary>Relays of other nodes share a secret with this one and no connection, so nothing but their address is known here.</summary>
    private IEnumerable<object> Others() => relay is not null ? [] : options.Relays.Select(url => (object)new { id = url, state = "elsewhere", addresses = (string[])[url] });

    /// <summary>What went through since the page last asked, at least over a second.</summary>
    private (double Bits, double Packets) Rate(RelayCounters[] counters)
    {
        long bytes = counters.Sum(c => c.BytesToClient + c.BytesToPeer), packets = counters.Sum(c => c.PacketsToClient + c.PacketsToPeer), now = time.GetTimestamp();
        lock (_lock)
        {
            if (_last is not { } last)
            {
                _last = (now, bytes, packets);
                return _rate;
            }

            double seconds = time.GetElapsedTime(last.At, now).TotalSeconds;
            if (seconds >= s_shortest.TotalSeconds)
            {
                _rate = ((bytes - last.Bytes) * 8 / seconds, (packets - last.Packets) / seconds);
                _last = (now, bytes, packets);
            }

            return _rate;
        }
    }
}
