using MediaRelay.Stun;
using MediaRelay.Turn.IO.Shards;

namespace MediaRelay.Turn.IO.Streams;

/// <summary>
/// Connections without an allocation, oldest first. An address may hold a number of them, the node another; the oldest gives way.
/// Silence for ten seconds or no allocation for twenty ends them.
/// </summary>
internal sealed class PendingConnections(int perAddress, int total, TimeProvider time)
{
    public static readonly TimeSpan FirstMessage = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan FirstAllocation = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly LinkedList<ClientConnection> _oldestFirst = new();
    private readonly Dictionary<TransportAddress, int> _byAddress = [];
    private readonly long _started = time.GetTimestamp();

    public TimeProvider Clock => time;

    public int Count
    {
        get
        {
            lock (_lock)
                return _oldestFirst.Count;
        }
    }

    /// <summary>False when the address holds too many already. Closes the oldest stranger when the node is full.</summary>
    public bool TryAdd(ClientConnection client)
    {
        ClientConnection? oldest = null;
        lock (_lock)
        {
            var key = client.Client.Client.WithPort(0);
            var held = _byAddress.GetValueOrDefault(key);
            if (held >= perAddress)
                return false;
            if (_oldestFirst.Count >= total)
            {
                oldest = _oldestFirst.First!.Value;
                RemoveLocked(oldest);
            }

            AddLocked(client);
        }

        oldest?.Abort();
        return true;
    }

    /// <summary>The connection lost its allocation: it has twenty seconds for a new one.</summary>
    public void AddAgain(ClientConnection client)
    {
        lock (_lock)
        {
            if (client.Pending is null)
                AddLocked(client);
        }
    }

    public void Remove(ClientConnection client)
    {
        lock (_lock)
            RemoveLocked(client);
    }

    /// <summary>Closes what is overdue, also what does not read its last answer; called about once a second.</summary>
    public void Sweep()
    {
        var overdue = new List<ClientConnection>();
        lock (_lock)
        {
            var now = time.GetElapsedTime(_started);
            for (var node = _oldestFirst.First; node is not null;)
            {
                var client = node.Value;
                node = node.Next;
                var age = now - client.Since;
                if (age < FirstMessage)
                    break;
                if (age < FirstAllocation && client.HasSpoken)
                    continue;
                RemoveLocked(client);
                overdue.Add(client);
            }
        }

        foreach (var client in overdue)
            client.Abort();
    }

    private void AddLocked(ClientConnection client)
    {
        client.Since = time.GetElapsedTime(_started);
        client.Pending = _oldestFirst.AddLast(client);
        var key = client.Client.Client.WithPort(0);
        _byAddress[key] = _byAddress.GetValueOrDefault(key) + 1;
    }

    private void RemoveLocked(ClientConnection client)
    {
        if (client.Pending is null)
            return;
        _oldestFirst.Remove(client.Pending);
        client.Pending = null;
        var key = client.Client.Client.WithPort(0);
        if (_byAddress.GetValueOrDefault(key) is var held and > 1)
            _byAddress[key] = held - 1;
        else
            _ = _byAddress.Remove(key);
    }
}
