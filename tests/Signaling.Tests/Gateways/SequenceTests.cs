using FsCheck;
using FsCheck.Fluent;
using MediaRelay.Signaling.Events;

namespace MediaRelay.Signaling.Tests.Gateways;

/// <summary>sma-sig-1 section 7: duplicates, gaps, and what the gateway gave up.</summary>
public sealed class SequenceTests
{
    [Fact]
    public void Numbers_out_of_order_leave_gaps_that_are_named_and_close()
    {
        var sequence = new EventSequence();
        Assert.True(sequence.Add(1));
        Assert.True(sequence.Add(4));
        Assert.True(sequence.Add(6));
        Assert.False(sequence.Add(4));
        var missing = new List<SeqRange>();
        sequence.Missing(missing, 32);
        Assert.Equal([new SeqRange(2, 3), new SeqRange(5, 5)], missing);
        Assert.Equal(1UL, sequence.Contiguous);
        Assert.True(sequence.Add(3));
        Assert.True(sequence.Add(2));
        Assert.Equal(4UL, sequence.Contiguous);
        Assert.Equal([6UL], sequence.Above());
    }

    [Fact]
    public void A_number_beyond_the_window_waits_until_the_gap_closes()
    {
        var sequence = new EventSequence(10);
        Assert.False(sequence.IsInWindow(10 + EventSequence.Window + 1));
        Assert.False(sequence.Add(10 + EventSequence.Window + 1));
        Assert.True(sequence.Add(11));
        Assert.True(sequence.Add(11 + EventSequence.Window));
        Assert.True(sequence.Contains(11 + EventSequence.Window));
    }

    [Fact]
    public void An_urgent_number_beyond_the_window_is_remembered_and_passed_when_the_gap_closes()
    {
        var sequence = new EventSequence();
        Assert.True(sequence.Add(5000, isUrgent: true));
        Assert.True(sequence.Add(5001, isUrgent: true));
        Assert.False(sequence.Add(5001, isUrgent: true));
        Assert.False(sequence.Add(5002));
        sequence = new EventSequence(sequence.Contiguous, sequence.Above());
        Assert.Equal((0UL, 5001UL, true, false), (sequence.Contiguous, sequence.Highest, sequence.Contains(5000), sequence.Contains(4999)));
        var missing = new List<SeqRange>();
        sequence.Add(2);
        sequence.Missing(missing, 32);
        Assert.Equal([new SeqRange(1, 1), new SeqRange(3, 4999)], missing);
        for (ulong seq = 1; seq < 5000; seq++)
            sequence.Add(seq);
        Assert.Equal(5001UL, sequence.Contiguous);
        Assert.Empty(sequence.Above());
    }

    [Fact]
    public void Numbers_beyond_the_window_are_bounded_and_what_is_given_up_takes_them_along()
    {
        var sequence = new EventSequence();
        for (ulong n = 0; n < EventSequence.MaxFar; n++)
            Assert.True(sequence.Add(10_000 + (n * 10), isUrgent: true));
        Assert.False(sequence.Add(1_000_000, isUrgent: true));
        sequence.Forget(10_005);
        Assert.Equal(10_004UL, sequence.Contiguous);
        Assert.True(sequence.Contains(10_000) && sequence.Contains(10_010) && !sequence.Contains(10_011) && sequence.Contains(20_230));
        sequence.Forget(20_230);
        Assert.Equal(20_230UL, sequence.Contiguous);
        Assert.Empty(sequence.Above());
    }

    [Fact]
    public void Events_the_gateway_does_not_hold_any_more_are_not_waited_for()
    {
        var sequence = new EventSequence();
        sequence.Add(1);
        sequence.Add(8);
        sequence.Forget(8);
        Assert.Equal(8UL, sequence.Contiguous);
        sequence.Forget(100);
        Assert.Equal(99UL, sequence.Contiguous);
        Assert.True(sequence.Add(100));
        Assert.Equal(100UL, sequence.Contiguous);
    }

    [Fact]
    public void It_agrees_with_a_plain_set_whatever_the_order_and_after_storage() => Prop.ForAll(
        ArbMap.Default.ArbFor<int[]>(),
        numbers =>
        {
            var sequence = new EventSequence();
            var model = new HashSet<ulong>();
            foreach (int number in numbers)
            {
                // Every fifth lies beyond the window.
                ulong seq = ((ulong)Math.Abs((long)number) % 200) + 1 + (number % 5 == 0 ? 4100UL : 0);
                if (sequence.Add(seq, isUrgent: true) != model.Add(seq))
                    return false;
                sequence = new EventSequence(sequence.Contiguous, sequence.Above());
            }

            ulong contiguous = 0;
            while (model.Contains(contiguous + 1))
                contiguous++;
            return sequence.Contiguous == contiguous && Enumerable.Range(1, 210).Concat(Enumerable.Range(4090, 230)).All(n => sequence.Contains((ulong)n) == model.Contains((ulong)n));
        }).QuickCheckThrowOnFailure();
}
