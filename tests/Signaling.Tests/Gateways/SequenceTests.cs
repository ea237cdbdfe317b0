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
                ulong seq = ((ulong)Math.Abs((long)number) % 200) + 1;
                if (sequence.Add(seq) != model.Add(seq))
                    return false;
                sequence = new EventSequence(sequence.Contiguous, sequence.Above());
            }

            ulong contiguous = 0;
            while (model.Contains(contiguous + 1))
                contiguous++;
            return sequence.Contiguous == contiguous && Enumerable.Range(1, 210).All(n => sequence.Contains((ulong)n) == model.Contains((ulong)n));
        }).QuickCheckThrowOnFailure();
}
