using System.Collections.Concurrent;
using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.IO.Tests.Signaling.Sessions;

/// <summary>An application manager that writes down whose gates were asked for and given back, and says what the test says.</summary>
internal sealed class RecordedGates : ISessionGates
{
    public event Action<string, GrantState, string>? GrantChanged;

    public TimeSpan? HoldFor => null;

    public ConcurrentQueue<string> Asked { get; } = new();

    public ConcurrentQueue<GateDemand> Demands { get; } = new();

    public ConcurrentQueue<string> Released { get; } = new();

    public void Tell(string session, GrantState state, string words) => GrantChanged?.Invoke(session, state, words);

    public Task RequestAsync(GateDemand demand)
    {
        Asked.Enqueue(demand.Session);
        Demands.Enqueue(demand);
        return Task.CompletedTask;
    }

    public Task ReplaceAsync(GateDemand demand) => RequestAsync(demand);

    public Task ReleaseAsync(string session)
    {
        Released.Enqueue(session);
        return Task.CompletedTask;
    }
}
