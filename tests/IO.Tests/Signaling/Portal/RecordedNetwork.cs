using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>An access network that writes down what it is asked for and says what the test says.</summary>
internal sealed class RecordedNetwork : INetworkGates
{
    public event Action<string, GrantState, string>? Changed;

    public List<BandwidthDemand> Asked { get; } = [];

    public List<string> Released { get; } = [];

    public bool IsConnected => true;

    public void Tell(string id, GrantState state, string words) => Changed?.Invoke(id, state, words);

    public Task RequestAsync(BandwidthDemand demand)
    {
        Asked.Add(demand);
        return Task.CompletedTask;
    }

    public Task ReleaseAsync(string id)
    {
        Released.Add(id);
        return Task.CompletedTask;
    }

    public Task<NetworkView> ViewAsync() => Task.FromResult(new NetworkView([new NetworkGate("00000001", "s-1", "203.0.113.7", "committed")], []));
}
