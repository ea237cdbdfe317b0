using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Notifications within one process.</summary>
internal sealed class LocalNotifications : INotifications
{
    private readonly ConcurrentDictionary<string, ImmutableArray<Action<string>>> _handlers = new(StringComparer.Ordinal);

    public void Publish(string channel, string payload)
    {
        if (!_handlers.TryGetValue(channel, out ImmutableArray<Action<string>> handlers))
            return;
        foreach (Action<string> handler in handlers)
            handler(payload);
    }

    public IDisposable Subscribe(string channel, Action<string> handler)
    {
        _handlers.AddOrUpdate(channel, _ => [handler], (_, all) => all.Add(handler));
        return new Subscription(() => _handlers.AddOrUpdate(channel, _ => [], (_, all) => all.Remove(handler)));
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        private Action? _end = end;

        public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
    }
}
