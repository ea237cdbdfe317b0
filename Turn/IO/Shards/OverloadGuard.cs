using System.Runtime.InteropServices;
using MediaRelay.Turn.IO.Sockets;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>
/// Sheds load when a shard cannot keep up: while media sockets are almost full and the shard has not been idle, the oldest media
/// (the head of the kernel's queue) is dropped until half of the queue is gone, so what is relayed stays young. Control messages
/// come on sockets of their own and are never dropped here.
/// <para>Listeners are looked at now and then. Relay ports are too many for that: each tells with its datagrams how many its full
/// buffer has dropped, and one whose number grows while the shard is busy gives up the older half of its queue.</para>
/// </summary>
/// <param name="relayBuffer">Bytes of receive buffer of a relay port, in kernel accounting.</param>
internal sealed class OverloadGuard(IReadOnlyList<(ushort Listener, int Descriptor, bool IsMedia)> sockets, int relayBuffer)
{
    /// <summary>What the kernel charges for a datagram besides its bytes, at least.</summary>
    public const int PerDatagramOverhead = 768;

    /// <summary>Full turns in a row after which a shard counts as overloaded and not as busy with a burst.</summary>
    public const int BusyTurns = 8;

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    private readonly IReadOnlyList<(ushort Listener, int Descriptor, bool IsMedia)> _sockets = sockets;
    private readonly long[] _toDrop = new long[sockets.Count];
    private readonly uint[] _dropped = new uint[sockets.Count];
    private readonly Dictionary<int, RelayQueue> _relays = [];
    private TimeSpan _lastLook;
    private int _busyTurns;

    /// <summary>True when this media datagram of listener socket <paramref name="token"/> is to be dropped.</summary>
    public bool Drops(int token, int length, ShardCounters counters)
    {
        if (_toDrop[token] <= 0)
            return false;
        _toDrop[token] -= length + PerDatagramOverhead;
        counters.DroppedOverload++;
        return true;
    }

    /// <summary>
    /// True when this datagram of a relay port is to be dropped. Called only for ports that have lost some: <paramref name="lost"/> in all.
    /// </summary>
    public bool DropsFromPeer(int token, int length, uint lost, ShardCounters counters)
    {
        ref var queue = ref CollectionsMarshal.GetValueRefOrAddDefault(_relays, token, out _);
        if (lost != queue.Lost)
        {
            counters.DroppedByKernel += lost - queue.Lost;
            queue.Lost = lost;
            if (_busyTurns > BusyTurns && queue.ToDrop <= 0)
                queue.ToDrop = relayBuffer / 2;
        }

        if (queue.ToDrop <= 0)
            return false;
        queue.ToDrop -= length + PerDatagramOverhead;
        counters.DroppedOverload++;
        return true;
    }

    /// <summary>A relay port was closed.</summary>
    public void Forget(int token)
    {
        if (_relays.Count > 0)
            _ = _relays.Remove(token);
    }

    /// <summary>Called once per turn; looks at the kernel's queues at most every 50 ms, and judges only when the shard was busy all the time.</summary>
    public void Observe(TimeSpan now, bool isFull, ShardCounters counters)
    {
        _busyTurns = isFull ? _busyTurns + 1 : 0;
        if (now - _lastLook < Period)
            return;
        _lastLook = now;
        for (var i = 0; i < _sockets.Count; i++)
        {
            if (!DatagramSocket.TryReadQueue(_sockets[i].Descriptor, out var used, out var limit, out var dropped))
                continue;
            counters.DroppedByKernel += dropped - _dropped[i];
            _dropped[i] = dropped;
            if (_sockets[i].IsMedia && _busyTurns > BusyTurns && used > limit / 8 * 7)
                _toDrop[i] = used / 2;
        }
    }

    private struct RelayQueue
    {
        public uint Lost;
        public long ToDrop;
    }
}
