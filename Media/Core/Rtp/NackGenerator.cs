namespace MediaRelay.Media.Rtp;

/// <summary>
/// Notices missing packets and says when to ask for them again (RFC 4585 section 6.2.1). A gap is asked for at once, then
/// every round trip (at least 20 ms), at most ten times and for one second; too many gaps ask for a key frame instead.
/// </summary>
public sealed class NackGenerator
{
    /// <summary>Most gaps that are tracked; more of them mean that a key frame is cheaper.</summary>
    public const int MostGaps = 256;

    private const int MostRequests = 10;
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(1), LeastInterval = TimeSpan.FromMilliseconds(20);

    private readonly Gap[] _gaps = new Gap[MostGaps];
    private int _count;
    private long _highest = -1;

    /// <summary>Time between two requests for one packet; the shell sets it to the measured round trip.</summary>
    public TimeSpan RoundTrip { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Gaps were given up; ask for a key frame, then call <see cref="Clear"/>.</summary>
    public bool NeedsKeyFrame { get; private set; }

    /// <summary>Packets asked for so far, repeats included.</summary>
    public long Requested { get; private set; }

    /// <summary>When to call <see cref="TakeDue"/>; null when nothing is missing.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan? next = null;
            for (var i = 0; i < _count; i++)
                if (next is null || _gaps[i].DueAt < next) next = _gaps[i].DueAt;
            return next;
        }
    }

    /// <summary>Notes a received packet, retransmitted ones included.</summary>
    public void Handle(ushort sequence, TimeSpan now)
    {
        var number = _highest < 0 ? 65536 + sequence : SequenceNumber.Unwrap(sequence, _highest);
        if (_highest < 0 || number > _highest + 5000 || number < _highest - 5000)
        {
            (_highest, _count) = (number, 0);
            return;
        }
        if (number <= _highest)
        {
            for (var i = 0; i < _count; i++)
                if (_gaps[i].Number == number) { RemoveAt(i); break; }
            return;
        }
        for (var missing = _highest + 1; missing < number; missing++)
        {
            if (_count == MostGaps) { (NeedsKeyFrame, _count) = (true, 0); break; }
            _gaps[_count++] = new Gap { Number = missing, DueAt = now, Until = now + Age };
        }
        _highest = number;
    }

    /// <summary>Copies the numbers that are due, in ascending order, and returns how many.</summary>
    public int TakeDue(TimeSpan now, Span<ushort> lost)
    {
        var taken = 0;
        for (var i = 0; i < _count && taken < lost.Length;)
        {
            ref var gap = ref _gaps[i];
            if (now >= gap.Until || gap.Requests >= MostRequests)
            {
                NeedsKeyFrame = true;
                RemoveAt(i);
                continue;
            }
            if (now >= gap.DueAt)
            {
                lost[taken++] = (ushort)gap.Number;
                gap.Requests++;
                gap.DueAt = now + (RoundTrip > LeastInterval ? RoundTrip : LeastInterval);
                Requested++;
            }
            i++;
        }
        return taken;
    }

    /// <summary>Forgets all gaps, after a key frame.</summary>
    public void Clear() => (_count, NeedsKeyFrame) = (0, false);

    private void RemoveAt(int index)
    {
        Array.Copy(_gaps, index + 1, _gaps, index, _count - index - 1);
        _count--;
    }

    private struct Gap
    {
        public long Number;
        public TimeSpan DueAt, Until;
        public int Requests;
    }
}
