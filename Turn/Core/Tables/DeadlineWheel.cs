using System.Diagnostics;
using System.Numerics;

namespace MediaRelay.Turn.Tables;

/// <summary>
/// Timers for hundreds of thousands of table entries: a hierarchical wheel over arrays, without an object per timer and without scanning.
/// A timer fires at most <see cref="Resolution"/> after its deadline and never before it.
/// </summary>
/// <remarks>
/// Four levels of 64 slots. A slot of level n spans 64^n ticks; a timer sits on the finest level that can hold its distance and
/// moves to finer levels as its slot comes up. One bit per slot tells which are occupied, so the next event is found with four
/// bit scans whatever the number of timers.
/// </remarks>
public sealed class DeadlineWheel
{
    private const int TickShift = 20; // 2^20 ticks of 100 ns
    private const int Levels = 4;
    private const int SlotBits = 6;
    private const int Slots = 1 << SlotBits;
    private const int DueList = Levels * Slots;
    private const int Free = DueList + 1;
    private const int None = -1;

    private readonly int[] _heads = new int[DueList + 1];
    private readonly ulong[] _occupied = new ulong[Levels];
    private Node[] _nodes = new Node[16];
    private int _freeHead = None;
    private int _used;
    private long _current;

    public DeadlineWheel()
    {
        Array.Fill(_heads, None);
    }

    /// <summary>How late a timer may fire: 104.8576 ms.</summary>
    public static TimeSpan Resolution => new(1L << TickShift);

    /// <summary>Number of timers set.</summary>
    public int Count { get; private set; }

    /// <summary>When <see cref="TryTakeDue"/> should be called next; null when no timer is set.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            if (_heads[DueList] != None)
            {
                return new TimeSpan(_current << TickShift);
            }

            var next = NextEvent();
            return next == long.MaxValue ? null : new TimeSpan(next << TickShift);
        }
    }

    /// <summary>Sets a timer and returns its id, valid until it fires or is removed.</summary>
    public int Add(TimeSpan deadline, uint payload)
    {
        var id = _freeHead;
        if (id != None)
        {
            _freeHead = _nodes[id].Next;
        }
        else
        {
            if (_used == _nodes.Length)
            {
                Array.Resize(ref _nodes, _nodes.Length + Math.Max(16, _nodes.Length / 2));
            }

            id = _used++;
        }

        ref var node = ref _nodes[id];
        node.Payload = payload;
        node.Tick = TickOf(deadline);
        Place(id);
        Count++;
        return id;
    }

    /// <summary>Removes a timer that has not fired.</summary>
    public void Remove(int id)
    {
        Unlink(id);
        ref var node = ref _nodes[id];
        node.List = Free;
        node.Next = _freeHead;
        _freeHead = id;
        Count--;
    }

    /// <summary>Takes one timer that is due at <paramref name="now"/>; call until false.</summary>
    public bool TryTakeDue(TimeSpan now, out uint payload)
    {
        var nowTick = now.Ticks >> TickShift;
        while (_heads[DueList] == None)
        {
            var next = NextEvent();
            if (next > nowTick)
            {
                _current = Math.Max(_current, nowTick);
                payload = 0;
                return false;
            }

            Advance(next);
        }

        var id = _heads[DueList];
        payload = _nodes[id].Payload;
        Remove(id);
        return true;
    }

    private static long TickOf(TimeSpan deadline) => (deadline.Ticks + (1L << TickShift) - 1) >> TickShift;

    private void Advance(long tick)
    {
        _current = tick;
        for (var level = Levels - 1; level >= 1; level--)
        {
            if ((tick & ((1L << (SlotBits * level)) - 1)) == 0)
            {
                Cascade(level, (int)(tick >> (SlotBits * level)) & (Slots - 1));
            }
        }

        Cascade(0, (int)tick & (Slots - 1));
    }

    private void Cascade(int level, int slot)
    {
        var list = (level * Slots) + slot;
        while (_heads[list] != None)
        {
            var id = _heads[list];
            Unlink(id);
            Place(id);
        }
    }

    private long NextEvent()
    {
        var next = long.MaxValue;
        for (var level = 0; level < Levels; level++)
        {
            var occupied = _occupied[level];
            if (occupied == 0)
            {
                continue;
            }

            var position = _current >> (SlotBits * level);
            var distance = 1 + BitOperations.TrailingZeroCount(BitOperations.RotateRight(occupied, (int)((position + 1) & (Slots - 1))));
            next = Math.Min(next, (position + distance) << (SlotBits * level));
        }

        return next;
    }

    private void Place(int id)
    {
        var distance = _nodes[id].Tick - _current;
        if (distance <= 0)
        {
            Link(id, DueList);
            return;
        }

        var level = 0;
        while (level < Levels - 1 && distance >= 1L << (SlotBits * (level + 1)))
        {
            level++;
        }

        // Beyond the horizon a timer waits in the farthest slot and is placed again when that slot comes up.
        var tick = Math.Min(_nodes[id].Tick, _current + (1L << (SlotBits * Levels)) - 1);
        var slot = (int)(tick >> (SlotBits * level)) & (Slots - 1);
        Link(id, (level * Slots) + slot);
        _occupied[level] |= 1UL << slot;
    }

    private void Link(int id, int list)
    {
        ref var node = ref _nodes[id];
        node.List = list;
        node.Previous = None;
        node.Next = _heads[list];
        if (node.Next != None)
        {
            _nodes[node.Next].Previous = id;
        }

        _heads[list] = id;
    }

    private void Unlink(int id)
    {
        ref var node = ref _nodes[id];
        Debug.Assert(node.List != Free, "a timer is removed once");
        if (node.Previous != None)
        {
            _nodes[node.Previous].Next = node.Next;
        }
        else
        {
            _heads[node.List] = node.Next;
        }

        if (node.Next != None)
        {
            _nodes[node.Next].Previous = node.Previous;
        }

        if (node.List < DueList && _heads[node.List] == None)
        {
            _occupied[node.List >> SlotBits] &= ~(1UL << (node.List & (Slots - 1)));
        }
    }

    private struct Node
    {
        public long Tick;
        public int Next;
        public int Previous;
        public int List;
        public uint Payload;
    }
}
