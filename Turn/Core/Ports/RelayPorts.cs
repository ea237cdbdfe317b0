using MediaRelay.Stun;
using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn.Ports;

/// <summary>
/// The relay ports that one shard owns on one relay address: who holds each, chosen at random, not used again for a while after
/// release. Pairs (n, n + 1) with n even never lie in two shards.
/// </summary>
internal sealed class RelayPorts
{
    private const int Free = 0;
    private const int Resting = -1;
    private const int Reserved = -2;

    private readonly int[] _holders; // allocation + 1, or one of the states above
    private readonly RandomPool _random;
    private readonly TimeSpan _rest;
    private readonly Queue<(ushort Port, TimeSpan Until)> _resting = new();
    private readonly ushort _first;

    public RelayPorts(TransportAddress address, PortRange range, TimeSpan rest, RandomPool random)
    {
        Address = address;
        _first = range.First;
        _holders = new int[range.Last - range.First + 1];
        _rest = rest;
        _random = random;
        FreeCount = _holders.Length;
    }

    /// <summary>The relay address as clients see it; its port is not used.</summary>
    public TransportAddress Address { get; }

    public int FreeCount { get; private set; }

    /// <summary>The allocation behind a port, or -1.</summary>
    public int HolderOf(ushort port)
    {
        var index = port - _first;
        return (uint)index < (uint)_holders.Length && _holders[index] > 0 ? _holders[index] - 1 : -1;
    }

    /// <summary>Takes a free port at random; false when none is left.</summary>
    public bool TryTake(int holder, bool even, TimeSpan now, out ushort port) => TryTake(holder, even ? 2 : 1, pair: false, now, out port);

    /// <summary>Takes an even port and reserves the next one.</summary>
    public bool TryTakePair(int holder, TimeSpan now, out ushort port)
    {
        if (!TryTake(holder, 2, pair: true, now, out port))
        {
            return false;
        }

        _holders[port + 1 - _first] = Reserved;
        FreeCount--;
        return true;
    }

    /// <summary>Turns a reserved port into one held by an allocation.</summary>
    public void Claim(ushort port, int holder) => _holders[port - _first] = holder + 1;

    /// <summary>Gives a held or reserved port back; it rests before it is used again.</summary>
    public void Release(ushort port, TimeSpan now)
    {
        _holders[port - _first] = Resting;
        _resting.Enqueue((port, now + _rest));
    }

    private bool TryTake(int holder, int step, bool pair, TimeSpan now, out ushort port)
    {
        while (_resting.TryPeek(out var oldest) && oldest.Until <= now)
        {
            _resting.Dequeue();
            _holders[oldest.Port - _first] = Free;
            FreeCount++;
        }

        // Even ports lie at even indexes exactly when the first port is even.
        var offset = step == 2 ? _first & 1 : 0;
        var places = (_holders.Length - offset + step - 1) / step;
        port = 0;
        if (FreeCount == 0 || places <= 0)
        {
            return false;
        }

        // Random tries first, so that ports stay unpredictable; the walk from a random start finds the last free ones.
        for (var i = 0; i < 8; i++)
        {
            var index = offset + (_random.Below(places) * step);
            if (IsFree(index, pair))
            {
                return Take(index, holder, out port);
            }
        }

        var start = _random.Below(places);
        for (var i = 0; i < places; i++)
        {
            var index = offset + ((start + i) % places * step);
            if (IsFree(index, pair))
            {
                return Take(index, holder, out port);
            }
        }

        return false;
    }

    private bool IsFree(int index, bool pair) =>
        _holders[index] == Free && (!pair || (index + 1 < _holders.Length && _holders[index + 1] == Free));

    private bool Take(int index, int holder, out ushort port)
    {
        _holders[index] = holder + 1;
        FreeCount--;
        port = (ushort)(_first + index);
        return true;
    }
}
