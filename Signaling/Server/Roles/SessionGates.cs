using System.Collections.Concurrent;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.Server.Roles;

/// <summary>Connects look-ins with the application manager: plans gates, asks for them, and tells the session how its grant stands.</summary>
internal sealed partial class SessionGates : ISessionGates, IDisposable
{
    private readonly IApplicationManager _manager;
    private readonly FlowPlanner _planner = new(new FlowPlannerSettings());
    private readonly ConcurrentDictionary<string, Grant> _grants = new(StringComparer.Ordinal);
    private readonly ILogger<SessionGates> _logger;
    private readonly IDisposable _events;

    /// <param name="manager">The application manager.</param>
    /// <param name="holdFor">How long an answer waits for its gates; null when media never waits.</param>
    /// <param name="logger">The log.</param>
    public SessionGates(IApplicationManager manager, TimeSpan? holdFor, ILogger<SessionGates> logger)
    {
        (_manager, HoldFor, _logger) = (manager, holdFor, logger);
        _events = manager.Subscribe(HandleEvent);
    }

    public TimeSpan? HoldFor { get; }

    public event Action<string, GrantState, string>? GrantChanged;

    public async Task RequestAsync(GateDemand demand)
    {
        FlowPlan plan = _planner.Plan(demand);
        LogAsked(demand.Session, plan.Gates.Count, demand.GatewayAddress, demand.FarEndpoint);
        if (plan.Gates.Count == 0)
        {
            GrantChanged?.Invoke(demand.Session, GrantState.Refused, plan.Notes.Count > 0 ? plan.Notes[^1] : "No gate fits this session.");
            return;
        }

        var grant = new Grant(plan.Gates);
        _grants[demand.Session] = grant;
        IReadOnlyList<GateHandle> handles = await _manager.RequestGatesAsync(demand.Session, plan.Gates).ConfigureAwait(false);
        lock (grant)
            grant.Handles = handles;
        Tell(demand.Session, grant);
    }

    public async Task ReplaceAsync(GateDemand demand)
    {
        FlowPlan plan = _planner.Plan(demand);
        LogAsked(demand.Session, plan.Gates.Count, demand.GatewayAddress, demand.FarEndpoint);
        if (!_grants.TryGetValue(demand.Session, out Grant? grant) || !CanBecome(grant, plan.Gates))
        {
            if (grant is not null)
                await _manager.ReleaseGatesAsync(demand.Session).ConfigureAwait(false);
            await RequestAsync(demand).ConfigureAwait(false);
            return;
        }

        for (int i = 0; i < plan.Gates.Count; i++)
            await _manager.ModifyGateAsync(grant.Handles[i], plan.Gates[i]).ConfigureAwait(false);
    }

    /// <summary>Whether all gates live and differ from the new ones only in what a modification may change.</summary>
    private static bool CanBecome(Grant grant, IReadOnlyList<GateRequest> gates)
    {
        lock (grant)
        {
            return grant.Handles.Count == gates.Count && !grant.Events.Values.Any(IsBad)
                && grant.Requests.Zip(gates).All(p => p.First.Subscriber == p.Second.Subscriber && p.First.Spec.Direction == p.Second.Spec.Direction && p.First.Profile.Type == p.Second.Profile.Type);
        }
    }

    private static bool IsBad(GateEvent e) => e.Kind is GateEventKind.Refused or GateEventKind.Unavailable or GateEventKind.Closed or GateEventKind.Lost;

    public async Task ReleaseAsync(string session)
    {
        if (!_grants.TryRemove(session, out _))
            return;
        LogReleased(session);
        await _manager.ReleaseGatesAsync(session).ConfigureAwait(false);
    }

    public void Dispose() => _events.Dispose();

    private void HandleEvent(GateEvent gate)
    {
        if (!_grants.TryGetValue(gate.Session, out Grant? grant))
            return;
        if (gate.Kind == GateEventKind.Reported && gate.Reason == GateReason.T3Expired)
        {
            // Silence on the flow while the session goes on, e.g. a still picture: the gate is kept.
            _ = _manager.RefreshGateAsync(gate.Gate);
            return;
        }

        // A gate that another takes the place of says goodbye; that is no news of the grant.
        if (gate.Kind == GateEventKind.Released)
            return;
        lock (grant)
            grant.Events[gate.Gate] = gate;
        Tell(gate.Session, grant);
    }

    private void Tell(string session, Grant grant)
    {
        GrantState state;
        string words;
        lock (grant)
        {
            GateEvent[] seen = [.. grant.Events.Values];
            // What is certain counts before what is still tried for.
            GateEvent? bad = seen.Where(IsBad).MinBy(e => e.Kind switch { GateEventKind.Refused => 0, GateEventKind.Unavailable => 2, _ => 1 });
            (state, words) = bad switch
            {
                { Kind: GateEventKind.Refused } => (GrantState.Refused, $"The network refused the gate: {bad.Error}. Media uses best effort."),
                // An answer that is held for its gates goes on waiting: the gate is still tried for, and the session knows for how long.
                { Kind: GateEventKind.Unavailable } when HoldFor is not null => (GrantState.Requested, "The policy server did not answer in time; the gate is still tried for."),
                { Kind: GateEventKind.Unavailable } => (GrantState.Refused, "The policy server did not answer in time; media uses best effort and the gate is still tried for."),
                { Kind: GateEventKind.Closed or GateEventKind.Lost } => (GrantState.Lost, $"The network ended the gate ({bad.Reason}); media uses best effort."),
                _ when seen.Length < grant.Requests.Count => (GrantState.Requested, "The gates are asked for."),
                _ when seen.All(e => e.State is GateState.Committed or GateState.CommittedRecovery) => (GrantState.Committed, seen.Length == 1 ? "The gate is committed." : $"{seen.Length} gates are committed."),
                _ => (GrantState.Authorized, "The gates are authorized."),
            };
        }

        if (state == GrantState.Requested)
            return;
        LogState(session, state, words);
        GrantChanged?.Invoke(session, state, words);
    }

    [LoggerMessage(6200, LogLevel.Information, "{Count} gates are asked for media session {Session}, between {Home} and {Far}.", EventName = "SessionGatesAsked")]
    private partial void LogAsked(string session, int count, string home, string far);

    [LoggerMessage(6201, LogLevel.Information, "The grant of media session {Session} is {State}: {Words}", EventName = "SessionGrant")]
    private partial void LogState(string session, GrantState state, string words);

    [LoggerMessage(6202, LogLevel.Information, "The gates of media session {Session} are given back.", EventName = "SessionGatesReleased")]
    private partial void LogReleased(string session);

    private sealed class Grant(IReadOnlyList<GateRequest> requests)
    {
        public IReadOnlyList<GateRequest> Requests { get; } = requests;

        public IReadOnlyList<GateHandle> Handles { get; set; } = [];

        public Dictionary<GateHandle, GateEvent> Events { get; } = [];
    }
}
