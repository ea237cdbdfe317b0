using System.Collections.Concurrent;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.Server.Roles;

/// <summary>Connects the operator's pages with the application manager, and with the emulated CMTS where one runs in this process.</summary>
internal sealed class OperatorGates : INetworkGates, IDisposable
{
    private readonly IApplicationManager _manager;
    private readonly CmtsHost? _cmts;
    private readonly ConcurrentDictionary<string, Grant> _grants = new(StringComparer.Ordinal);
    private readonly IDisposable _events;

    public OperatorGates(IApplicationManager manager, CmtsHost? cmts)
    {
        (_manager, _cmts) = (manager, cmts);
        _events = manager.Subscribe(HandleEvent);
    }

    public event Action<string, GrantState, string>? Changed;

    public bool IsConnected => _manager.IsConnected;

    public async Task RequestAsync(BandwidthDemand demand)
    {
        IReadOnlyList<GateRequest> gates = BandwidthPlanner.Plan(demand);
        if (gates.Count == 0)
        {
            Changed?.Invoke(demand.Id, GrantState.Refused, "No gate fits this demand.");
            return;
        }

        _grants[demand.Id] = new Grant(gates.Count);
        await _manager.RequestGatesAsync(demand.Id, gates);
    }

    public async Task ReleaseAsync(string id)
    {
        if (_grants.TryRemove(id, out _))
            await _manager.ReleaseGatesAsync(id);
    }

    public async Task<NetworkView> ViewAsync()
    {
        var own = await _manager.SnapshotAsync();
        if (_cmts is null)
            return new NetworkView([.. own.Select(g => new NetworkGate(g.Gate.ToString(), g.Session, g.Subscriber.ToString(), StateOf(g.State, g.Gate)))], []);
        CmtsSnapshot now = await _cmts.SnapshotAsync();
        Dictionary<string, string> sessions = own.GroupBy(g => g.Gate.ToString()).ToDictionary(g => g.Key, g => g.First().Session);
        var gates = now.Gates.Select(g => new NetworkGate(
            g.Id.ToString(), sessions.GetValueOrDefault(g.Id.ToString()), g.Subscriber.ToString(), g.State.ToString().ToLowerInvariant(), g.Direction.ToString(), g.ReservedBitsPerSecond, g.ServiceFlow, g.Scheduling.ToString(), g.UsageKilobytes)).ToList();
        // What the CMTS does not know yet is asked for; what it has deleted is gone, even if the answer is still on its way here.
        gates.AddRange(own.Where(g => g.State == GateState.Closed && g.Gate == default).Select(g => new NetworkGate("", g.Session, g.Subscriber.ToString(), "requested")));
        return new NetworkView(gates, [.. now.Modems.Select(m => new NetworkModem(m.Address.ToString(), m.IsOnline, m.Gates, m.Sids))], now.ReservedUp, now.CapacityUp, now.ReservedDown, now.CapacityDown);
    }

    public void Dispose() => _events.Dispose();

    private static string StateOf(GateState state, GateId gate) => gate == default ? "requested" : state.ToString().ToLowerInvariant();

    private void HandleEvent(GateEvent gate)
    {
        if (!_grants.TryGetValue(gate.Session, out Grant? grant))
            return;
        GrantState state;
        string words;
        lock (grant)
        {
            grant.Events[gate.Gate] = gate;
            (state, words) = Words([.. grant.Events.Values], grant.Wanted);
        }

        Changed?.Invoke(gate.Session, state, words);
    }

    /// <summary>How the gates of one demand stand together, for the operator.</summary>
    private static (GrantState State, string Words) Words(GateEvent[] seen, int wanted)
    {
        GateEvent? bad = seen.FirstOrDefault(e => e.Kind is GateEventKind.Refused or GateEventKind.Unavailable or GateEventKind.Closed or GateEventKind.Lost);
        return bad switch
        {
            { Kind: GateEventKind.Refused } => (GrantState.Refused, $"The network refused the gate: {bad.Error}."),
            { Kind: GateEventKind.Unavailable } => (GrantState.Refused, "The policy server did not answer in time; the gate is still tried for."),
            { Kind: GateEventKind.Closed or GateEventKind.Lost } => (GrantState.Lost, $"The network ended the gate ({bad.Reason})."),
            _ when seen.Length < wanted => (GrantState.Requested, "The gates are asked for."),
            _ when seen.All(e => e.State is GateState.Committed or GateState.CommittedRecovery) => (GrantState.Committed, wanted == 1 ? "The gate is committed." : $"{wanted} gates are committed."),
            _ => (GrantState.Authorized, "The gates are authorized."),
        };
    }

    private sealed class Grant(int wanted)
    {
        public int Wanted { get; } = wanted;

        public Dictionary<GateHandle, GateEvent> Events { get; } = [];
    }
}
