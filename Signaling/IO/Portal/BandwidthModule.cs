using System.Collections.Concurrent;
using System.Globalization;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Signaling.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>
/// Gates and service flows live, and bandwidth on demand: an operator asks the application manager for a gate of a home, for a limited time
/// and with a reason that the audit keeps. Demands live with this node; the application manager ends their gates in any case.
/// </summary>
internal sealed class BandwidthModule : IPortalModule, IDisposable
{
    private const int MaxRunning = 200;
    private const int MaxShown = 50;
    private readonly ConcurrentDictionary<string, Demand> _demands = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private readonly INetworkGates? _network;
    private readonly HomeRecords _homes;
    private readonly GatewayLinks _links;
    private readonly AccessGate _gate;
    private readonly PortalFeed _feed;
    private readonly TimeProvider _time;

    public BandwidthModule(INetworkGates? network, HomeRecords homes, GatewayLinks links, AccessGate gate, PortalFeed feed, TimeProvider time)
    {
        (_network, _homes, _links, _gate, _feed, _time) = (network, homes, links, gate, feed, time);
        if (network is not null)
            network.Changed += HandleChange;
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        if (_network is null)
            return;
        routes.MapGet("/api/operator/gates", async (HttpContext c) => await AskedAsync(c).ConfigureAwait(false) ?? await GatesAsync().ConfigureAwait(false)).WithSummary("Gates with their sessions, and the service flows behind them.");
        RouteGroupBuilder demands = routes.MapGroup("/api/operator/bandwidth");
        demands.MapGet("", async (HttpContext c) => await AskedAsync(c).ConfigureAwait(false) ?? Results.Json(new { connected = _network.IsConnected, maxBitsPerSecond = BandwidthPlanner.MaxBitsPerSecond, demands = Shown() })).WithSummary("Bandwidth on demand: what runs and what ended lately.");
        demands.MapPost("", AskAsync).WithSummary("Ask the cable network for bandwidth of a home for a while.");
        demands.MapDelete("/{id}", EndAsync).WithSummary("End a demand before its time.");
    }

    public void Dispose()
    {
        if (_network is not null)
            _network.Changed -= HandleChange;
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task<IResult?> AskedAsync(HttpContext context) =>
        await _gate.AskToReadAsync(PortalGuard.ActorOf(context), HomeAction.OperateSystem, "", null, PortalGuard.SourceOf(context), $"Read {context.Request.Path}.").ConfigureAwait(false) is { IsAllowed: false } refused
            ? Problem.Refused(refused.Reason)
            : null;

    private async Task<IResult> GatesAsync()
    {
        NetworkView view = await _network!.ViewAsync().ConfigureAwait(false);
        return Results.Json(new
        {
            connected = _network.IsConnected, view.Gates, view.Modems, view.ReservedUp, view.CapacityUp, view.ReservedDown, view.CapacityDown,
            onDemand = _demands.Values.Where(d => d.Ended is null).Select(d => d.Id),
        });
    }

    private async Task<IResult> AskAsync(HttpContext context, DemandRequest request)
    {
        string home = request.Home ?? "";
        AccessDecision decision = await _gate.AskAsync(PortalGuard.ActorOf(context), HomeAction.RequestBandwidth, home, null, PortalGuard.SourceOf(context), string.Create(
            CultureInfo.InvariantCulture, $"Bandwidth on demand: {request.UpKilobits ?? 0} kbit/s up, {request.DownKilobits ?? 0} kbit/s down for {request.Minutes} min. {request.Reason}")).ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        if (_homes.Find(home) is not { } record)
            return Problem.Unknown("There is no such home.");
        if (request.Minutes is < 1 or > 1440)
            return Problem.Invalid("Bandwidth is asked for 1 to 1440 minutes.");
        long up = (request.UpKilobits ?? 0) * 1000L, down = (request.DownKilobits ?? 0) * 1000L;
        if (up < 0 || down < 0 || up + down == 0 || Math.Max(up, down) > BandwidthPlanner.MaxBitsPerSecond)
            return Problem.Invalid("Ask for 1 to 1000000 kbit/s in at least one direction.");
        if (string.IsNullOrWhiteSpace(request.Reason) || request.Reason.Length > 200)
            return Problem.Invalid("Give a reason of at most 200 characters; the audit keeps it.");
        if (_links.Address(record.Gateway) is not { } address)
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "gateway-offline", "The address of the home is not known, because its gateway is not connected to this node.");
        if (_demands.Values.Count(d => d.Ended is null) >= MaxRunning)
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "too-many-demands", $"{MaxRunning} demands run already; end one first.");
        DateTimeOffset now = _time.GetUtcNow();
        var lasts = TimeSpan.FromMinutes(request.Minutes);
        var demand = new Demand
        {
            Id = $"bod-{Guid.NewGuid():N}"[..16], Home = home, HomeName = record.Name, UpBitsPerSecond = up, DownBitsPerSecond = down, From = now, Until = now + lasts,
            By = PortalGuard.SessionOf(context)!.User.Name, Reason = request.Reason.Trim(),
        };
        _demands[demand.Id] = demand;
        Forget();
        await _network!.RequestAsync(new BandwidthDemand(demand.Id, address.ToString(), (uint)up, (uint)down, lasts)).ConfigureAwait(false);
        _ = EndInTimeAsync(demand.Id, lasts);
        return Results.Json(_demands[demand.Id], statusCode: StatusCodes.Status201Created);
    }

    private async Task<IResult> EndAsync(HttpContext context, string id)
    {
        string home = _demands.GetValueOrDefault(id)?.Home ?? "";
        AccessDecision decision = await _gate.AskAsync(PortalGuard.ActorOf(context), HomeAction.RequestBandwidth, home, null, PortalGuard.SourceOf(context), $"End the bandwidth on demand {id}.").ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        if (!_demands.TryGetValue(id, out Demand? demand) || demand.Ended is not null)
            return Problem.Unknown("There is no such demand, or it is over.");
        await FinishAsync(id, $"{PortalGuard.SessionOf(context)!.User.Name} ended it.").ConfigureAwait(false);
        return Results.NoContent();
    }

    private async Task EndInTimeAsync(string id, TimeSpan lasts)
    {
        await Task.Delay(lasts, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_stopping.IsCancellationRequested)
            await FinishAsync(id, "Its time is over.").ConfigureAwait(false);
    }

    private async Task FinishAsync(string id, string words)
    {
        if (!Change(id, d => d.Ended is not null ? d : d with { Ended = _time.GetUtcNow(), State = GrantState.Released, Words = words }))
            return;
        await _network!.ReleaseAsync(id).ConfigureAwait(false);
    }

    private void HandleChange(string id, GrantState state, string words) => Change(id, d => d.Ended is not null ? d : d with { State = state, Words = words });

    /// <summary>Changes a demand by one step; false when there is none or it stays as it is.</summary>
    private bool Change(string id, Func<Demand, Demand> step)
    {
        while (_demands.TryGetValue(id, out Demand? known))
        {
            Demand changed = step(known);
            if (ReferenceEquals(changed, known))
                return false;
            if (!_demands.TryUpdate(id, changed, known))
                continue;
            _feed.Publish("session", "", new { demand = id, state = changed.State });
            return true;
        }

        return false;
    }

    private IEnumerable<Demand> Shown() => _demands.Values.OrderBy(d => d.Ended is not null).ThenByDescending(d => d.From).Take(MaxShown);

    private void Forget()
    {
        foreach (Demand old in _demands.Values.Where(d => d.Ended is not null).OrderByDescending(d => d.From).Skip(MaxShown))
            _demands.TryRemove(old.Id, out _);
    }

    internal sealed record DemandRequest(string? Home, int? UpKilobits, int? DownKilobits, int Minutes, string? Reason);

    /// <summary>A demand and how it stands.</summary>
    internal sealed record Demand
    {
        public required string Id { get; init; }

        public required string Home { get; init; }

        public required string HomeName { get; init; }

        public required long UpBitsPerSecond { get; init; }

        public required long DownBitsPerSecond { get; init; }

        public required DateTimeOffset From { get; init; }

        public required DateTimeOffset Until { get; init; }

        public required string By { get; init; }

        public required string Reason { get; init; }

        public GrantState State { get; init; } = GrantState.Requested;

        public string Words { get; init; } = "The gates are asked for.";

        public DateTimeOffset? Ended { get; init; }
    }
}
