using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.IO.Links;

/// <summary>
/// What sessions ask of the application manager (the place of pkt-mm-11). All calls return at once; what becomes of a gate is told by
/// events, the first of them by <see cref="QosOptions.RequestDeadline"/>. Media never has to wait.
/// </summary>
public interface IApplicationManager
{
    /// <summary>The policy server is connected.</summary>
    bool IsConnected { get; }

    /// <summary>Asks for gates of a session and gives their handles, in order.</summary>
    Task<IReadOnlyList<GateHandle>> RequestGatesAsync(string session, IReadOnlyList<GateRequest> requests);

    /// <summary>Replaces what a gate asks for: other classifiers after a change of path, other rates after a change of media.</summary>
    Task ModifyGateAsync(GateHandle gate, GateRequest request);

    /// <summary>Restarts a gate's timers, as the answer to reason 5 while the session goes on.</summary>
    Task RefreshGateAsync(GateHandle gate);

    /// <summary>Lets go of all gates of a session.</summary>
    Task ReleaseGatesAsync(string session);

    /// <summary>Takes over gates of an earlier run; without it they are deleted after their grace.</summary>
    Task AdoptGatesAsync(string session);

    /// <summary>All gates with their session and state, for pages.</summary>
    Task<IReadOnlyList<(GateHandle Handle, string Session, GateId Gate, SubscriberId Subscriber, GateState State)>> SnapshotAsync();

    /// <summary>Calls the handler for every event until disposed. The handler runs as the owner of the engine: it must only hand on.</summary>
    IDisposable Subscribe(Action<GateEvent> handler);
}
