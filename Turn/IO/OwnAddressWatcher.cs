using System.Net.NetworkInformation;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Shards;
using MediaRelay.Turn.Peers;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Turn.IO;

/// <summary>
/// Closes addresses that the machine gets while the relay runs (a floating address, a new interface) to clients: what is ours is
/// never a peer. Addresses that go stay closed until a restart.
/// </summary>
internal sealed partial class OwnAddressWatcher : IDisposable
{
    private readonly TurnPlan _plan;
    private readonly IReadOnlyList<RelayListener> _listeners;
    private readonly IReadOnlyList<RelayShard> _shards;
    private readonly ILogger _logger;
    private readonly HashSet<TransportAddress> _known;
    private readonly Lock _lock = new();

    public OwnAddressWatcher(TurnPlan plan, IReadOnlyList<RelayListener> listeners, IReadOnlyList<RelayShard> shards, ILogger logger)
    {
        _plan = plan;
        _listeners = listeners;
        _shards = shards;
        _logger = logger;
        _known = [.. plan.Interfaces];
        NetworkChange.NetworkAddressChanged += OnChanged;
    }

    public void Dispose() => NetworkChange.NetworkAddressChanged -= OnChanged;

    private void OnChanged(object? sender, EventArgs e)
    {
        PeerFilter filter;
        lock (_lock)
        {
            var added = ListenAddress.OfInterfaces().Where(_known.Add).ToList();
            if (added.Count == 0)
                return;
            filter = new PeerFilter(_plan.PeersFor(_listeners, [.. _known]));
            LogAdded(string.Join(", ", added.Select(address => address.AddressText())));
        }

        foreach (var shard in _shards)
            _ = shard.Inbox.PostAsync(self => self.Update(filter)).AsTask();
    }

    [LoggerMessage(1022, LogLevel.Information, "This machine now has {Addresses}; clients cannot reach it there either.", EventName = "OwnAddressAdded")]
    private partial void LogAdded(string addresses);
}
