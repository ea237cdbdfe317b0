using System.Numerics;

namespace MediaRelay.Signaling.Events;

/// <summary>
/// Which events of one gateway and epoch have been stored: the highest number below which nothing is missing, and a window of
/// <see cref="Window"/> numbers above it (sma-sig-1 section 7, duplicates and gaps).
/// </summary>
/// <remarks>The object has one owner at a time. A number is added when its event is durable, never before.</remarks>
public sealed class EventSequence
{
    /// <summary>Numbers above the contiguous part that can be remembered.</summary>
    public const int Window = 4096;

    private readonly ulong[] _bits = new ulong[Window / 64];

    /// <summary>Starts with everything up to <paramref name="contiguous"/> known, and the numbers above it in <paramref name="above"/>.</summary>
    public EventSequence(ulong contiguous = 0, IEnumerable<ulong>? above = null)
    {
        Contiguous = contiguous;
        Highest = contiguous;
        foreach (ulong seq in above ?? [])
            Add(seq);
    }

    /// <summary>Nothing at or below this number is missing.</summary>
    public ulong Contiguous { get; private set; }

    /// <summary>The highest number seen.</summary>
    public ulong Highest { get; private set; }

    /// <summary>True when the number's event is stored.</summary>
    public bool Contains(ulong seq) =>
        seq <= Contiguous || (seq <= Highest && seq - Contiguous <= Window && (_bits[Slot(seq)] & Bit(seq)) != 0);

    /// <summary>True when the number can be remembered now; one further above has to wait until the gap is filled.</summary>
    public bool IsInWindow(ulong seq) => seq <= Contiguous || seq - Contiguous <= Window;

    /// <summary>Remembers a number; false when it was known or is out of the window.</summary>
    public bool Add(ulong seq)
    {
        if (!IsInWindow(seq) || Contains(seq))
            return false;
        _bits[Slot(seq)] |= Bit(seq);
        Highest = Math.Max(Highest, seq);
        while (Contiguous < Highest && (_bits[Slot(Contiguous + 1)] & Bit(Contiguous + 1)) != 0)
        {
            Contiguous++;
            _bits[Slot(Contiguous)] &= ~Bit(Contiguous);
        }

        return true;
    }

    /// <summary>Gives up what lies below <paramref name="first"/>: the sender does not hold it any more.</summary>
    public void Forget(ulong first)
    {
        while (Contiguous + 1 < first)
        {
            if (Contiguous == Highest)
            {
                Contiguous = first - 1;
                Highest = Contiguous;
                return;
            }

            ulong next = Contiguous + 1;
            _bits[Slot(next)] |= Bit(next);
            Contiguous = next;
            _bits[Slot(next)] &= ~Bit(next);
        }

        while (Contiguous < Highest && (_bits[Slot(Contiguous + 1)] & Bit(Contiguous + 1)) != 0)
        {
            Contiguous++;
            _bits[Slot(Contiguous)] &= ~Bit(Contiguous);
        }
    }

    /// <summary>Appends the ranges that are missing below the highest number, at most <paramref name="max"/>.</summary>
    public void Missing(List<SeqRange> ranges, int max)
    {
        ulong from = 0;
        for (ulong seq = Contiguous + 1; seq <= Highest && ranges.Count < max; seq++)
        {
            bool known = (_bits[Slot(seq)] & Bit(seq)) != 0;
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
    }

    /// <summary>The numbers above the contiguous part, ascending; for storage.</summary>
    public ulong[] Above()
    {
        int count = 0;
        foreach (ulong word in _bits)
            count += BitOperations.PopCount(word);
        if (count == 0)
            return [];
        var above = new ulong[count];
        int next = 0;
        for (ulong seq = Contiguous + 1; seq <= Highest; seq++)
        {
            if ((_bits[Slot(seq)] & Bit(seq)) != 0)
                above[next++] = seq;
        }

        return above;
    }

    private static int Slot(ulong seq) => (int)(seq / 64 % (Window / 64));

    private static ulong Bit(ulong seq) => 1UL << (int)(seq % 64);
}
