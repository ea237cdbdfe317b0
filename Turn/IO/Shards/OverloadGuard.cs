using MediaRelay.Turn.IO.Sockets;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>
/// Sheds load when a shard cannot keep up: while media sockets are almost full and the shard has not been idle, the oldest media
/// (the head of the kernel's queue) is dropped until half of the queue is gone, so what is relayed stays young. Control messages
/// come on sockets of their own and are never dropped here.
/// </summary>
internal sealed class OverloadGuard
{
    private const int PerDatagramOverhead = 768;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    private readonly IReadOnlyList<(ushort Listener, int Descriptor, bool IsMedia)> _sockets;
    private readonly long[] _toDrop;
    private readonly uint[] _dropped;
    private TimeSpan _lastLook;
    private int _busyTurns;
    private long _count;

    public OverloadGuard(IReadOnlyList<(ushort Listener, int Descriptor, bool IsMedia)> sockets)
    {
        _sockets = sockets;
        _toDrop = new long[sockets.Count];
        _dropped = new uint[sockets.Count];
    }

    /// <summary>True when this media datagram of socket <paramref name="token"/> is to be dropped.</summary>
    public bool Drops(int token, int length)
    {
        if (_toDrop[token] <= 0)
            return false;
        _toDrop[token] -= length + PerDatagramOverhead;
        _count++;
        return true;
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
            if (_sockets[i].IsMedia && _busyTurns > 8 && used > limit / 8 * 7)
                _toDrop[i] = used / 2;
        }

        counters.DroppedOverload = _count;
    }
}
