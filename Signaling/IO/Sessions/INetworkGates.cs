using MediaRelay.Signaling.Sessions;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>The access network as operators see and ask it. The server connects the application manager; without a Qos section there is none.</summary>
public interface INetworkGates
{
    /// <summary>The policy server is connected.</summary>
    bool IsConnected { get; }

    /// <summary>Asks for the gates of a demand; what becomes of them is told to <see cref="Changed"/>.</summary>
    Task RequestAsync(BandwidthDemand demand);

    /// <summary>Lets go of the gates of a demand.</summary>
    Task ReleaseAsync(string id);

    /// <summary>All gates of this node and the service flows behind them.</summary>
    Task<NetworkView> ViewAsync();

    /// <summary>Demand, state of its gates, and one sentence.</summary>
    event Action<string, GrantState, string>? Changed;
}

/// <summary>A moment of the access network.</summary>
/// <param name="Gates">The gates.</param>
/// <param name="Modems">Cable modems with gates, when the CMTS can be asked.</param>
/// <param name="ReservedUp">Promised from homes, bit/s; null when the CMTS cannot be asked.</param>
/// <param name="CapacityUp">What can be promised from homes.</param>
/// <param name="ReservedDown">Promised to homes.</param>
/// <param name="CapacityDown">What can be promised to homes.</param>
public sealed record NetworkView(
    IReadOnlyList<NetworkGate> Gates, IReadOnlyList<NetworkModem> Modems, double? ReservedUp = null, double? CapacityUp = null, double? ReservedDown = null, double? CapacityDown = null);

/// <summary>One gate.</summary>
/// <param name="Id">As the CMTS names it; empty before it has one.</param>
/// <param name="Session">The look-in or demand that it belongs to; null when another application manager asked.</param>
/// <param name="Subscriber">The home's address.</param>
/// <param name="State"><c>requested</c>, or the state at the CMTS.</param>
/// <param name="Direction">Upstream or downstream, when known.</param>
/// <param name="ReservedBitsPerSecond">Promised rate, when the CMTS can be asked.</param>
/// <param name="ServiceFlow">The flow on the cable.</param>
/// <param name="Scheduling">How the flow is scheduled.</param>
/// <param name="UsageKilobytes">What it carried.</param>
public sealed record NetworkGate(
    string Id, string? Session, string Subscriber, string State, string? Direction = null, double? ReservedBitsPerSecond = null, uint? ServiceFlow = null, string? Scheduling = null, ulong? UsageKilobytes = null);

/// <summary>One cable modem.</summary>
public sealed record NetworkModem(string Address, bool Online, int Gates, int Sids);
