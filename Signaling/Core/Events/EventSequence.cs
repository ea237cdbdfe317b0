using System.Numerics;

namespace MediaRelay.Signaling.Events;

/// <summary>
/// Which events of one gateway and epoch have been stored: the highest number below which nothing is missing, a window of
/// <see cref="Window"/> numbers above it, and at most <see cref="MaxFar"/> numbers beyond that (sma-sig-1 section 7, duplicates and gaps).
/// </summary>
/// <remarks>
/// The object has one owner at a time. A number is added when its event is durable, never before. Only what may not wait is
/// remembered beyond the window: an alarm overtakes whatever is still to come.
/// </remarks>
public sealed class EventSequence
{
    /// <summary>Numbers above the contiguous part that can be remembered.</summary>
    public const int Window = 4096;

    /// <summary>Numbers beyond the window that can be remembered.</summary>
    public const int MaxFar = 1024;

    private readonly ulong[] _bits = new ulong[Window / 64];
    private SortedSet<ulong>? _far;
    private ulong _top;

    /// <summary>Starts with everything up to <paramref name="contiguous"/> known, and the numbers above it in <paramref name="above"/>.</summary>
    public EventSequence(ulong contiguous = 0, IEnumerable<ulong>? above = null)
    {
        Contiguous = contiguous;
        _top = contiguous;
        foreach (ulong seq in above ?? [])
            Add(seq, isUrgent: true);
    }

    /// <summary>Nothing at or below this number is missing.</summary>
    public ulong Contiguous { get; private set; }

    /// <summary>The highest number seen.</summary>
    public ulong Highest => _far is null ? _top : _far.Max;

    /// <summary>True when the number's event is stored.</summary>
    public bool Contains(ulong seq) =>
        seq <= Contiguous || (seq - Contiguous <= Window ? seq <= _top && IsMarked(seq) : _far is not null && _far.Contains(seq));

    /// <summary>True when the number can be remembered now; one further above has to wait until the gap is filled, unless it is urgent.</summary>
    public bool IsInWindow(ulong seq) => seq <= Contiguous || seq - Contiguous <= Window;

    /// <summary>Remembers a number; false when it was known, or is out of the window and not urgent, or too many are.</summary>
    public bool Add(ulong seq, bool isUrgent = false)
    {
        if (Contains(seq))
            return false;
        if (!IsInWindow(seq))
            return isUrgent && (_far is null || _far.Count < MaxFar) && (_far ??= []).Add(seq);
        Mark(seq);
        Advance();
        return true;
    }

    /// <summary>Gives up what lies below <paramref name="first"/>: the sender does not hold it any more.</summary>
    public void Forget(ulong first)
    {
        while (Contiguous + 1 < first)
        {
            if (Contiguous == _top)
            {
                Contiguous = first - 1;
                _top = Contiguous;
                break;
            }

            Contiguous++;
            _bits[Slot(Contiguous)] &= ~Bit(Contiguous);
        }

        Advance();
    }

    /// <summary>Appends the ranges that are missing below the highest number, at most <paramref name="max"/>.</summary>
    public void Missing(List<SeqRange> ranges, int max)
    {
        ulong from = 0;
        for (ulong seq = Contiguous + 1; seq <= _top && ranges.Count < max; seq++)
        {
            bool known = IsMarked(seq);
            if (!known && from == 0)
            {
                from = seq;
            }
            else if (known && from != 0)
            {
                ranges.Add(new SeqRange(from, seq - 1));
                from = 0;
            }
        }

        ulong next = _top + 1;
        foreach (ulong seq in _far ?? [])
        {
            if (ranges.Count >= max)
                return;
            if (seq > next)
                ranges.Add(new SeqRange(next, seq - 1));
            next = seq + 1;
        }
    }

    /// <summary>The numbers above the contiguous part, ascending; for storage.</summary>
    public ulong[] Above()
    {
        int count = _far?.Count ?? 0;
        foreach (ulong word in _bits)
            count += BitOperations.PopCount(word);
        if (count == 0)
            return [];
        var above = new ulong[count];
        int next = 0;
        for (ulong seq = Contiguous + 1; seq <= _top; seq++)
        {
            if (IsMarked(seq))
                above[next++] = seq;
        }

        _far?.CopyTo(above, next);
        return above;
    }

    private void Advance()
    {
        do
        {
            while (Contiguous < _top && IsMarked(Contiguous + 1))
            {
                Contiguous++;
                _bits[Slot(Contiguous)] &= ~Bit(Contiguous);
            }
        }
        while (_far is not null && TakeNear(_far));
    }

    /// <summary>What lay beyond the window moves into it when it comes near; true when something did.</summary>
    private bool TakeNear(SortedSet<ulong> far)
    {
        bool isMoved = false;
        while (far.Count > 0 && far.Min is var first && IsInWindow(first))
        {
            far.Remove(first);
            if (first <= Contiguous)
                continue;
            Mark(first);
            isMoved = true;
        }

        if (far.Count == 0)
            _far = null;
        return isMoved;
    }

    private void Mark(ulong seq)
    {
        _bits[Slot(seq)] |= Bit(seq);
        _top = Math.Max(_top, seq);
    }

    private bool IsMarked(ulong seq) => (_bits[Slot(seq)] & Bit(seq)) != 0;

    private static int Slot(ulong seq) => (int)(seq / 64 % (Window / 64));

    private static ulong Bit(ulong seq) => 1UL << (int)(seq % 64);
}
