using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;

namespace MediaRelay.Signaling.Tests.Storage;

/// <summary>The memory of the newest events never hides one: what it does not hold it leaves to the database.</summary>
public sealed class RecentEventsTests
{
    [Fact]
    public void The_oldest_leave_by_number_and_by_size_and_are_left_to_the_database()
    {
        var recent = new RecentEvents(4, 100);
        Assert.Null(recent.TryRead(0, 10));
        for (long position = 1; position <= 6; position++)
            recent.Add(At(position), 10);
        Assert.Null(recent.TryRead(1, 10));
        Assert.Equal([3L, 4L, 5L, 6L], Positions(recent, 2, 10));
        Assert.Equal([4L, 5L], Positions(recent, 3, 2));
        recent.Add(At(7), 95);
        Assert.Null(recent.TryRead(5, 10));
        Assert.Equal([7L], Positions(recent, 6, 10));
        Assert.Empty(recent.TryRead(7, 10)!);
        Assert.Null(recent.TryRead(8, 10));
    }

    [Fact]
    public void What_everybody_has_read_leaves_and_what_comes_behind_it_is_found()
    {
        var recent = new RecentEvents(4, 100);
        for (long position = 1; position <= 3; position++)
            recent.Add(At(position), 30);
        recent.Release(2);
        Assert.Null(recent.TryRead(1, 10));
        Assert.Equal([3L], Positions(recent, 2, 10));
        recent.Release(9);
        Assert.Empty(recent.TryRead(3, 10)!);

        // The octets of those released count no longer: all three of these fit.
        for (long position = 4; position <= 6; position++)
            recent.Add(At(position), 30);
        Assert.Equal([4L, 5L, 6L], Positions(recent, 3, 10));
    }

    [Fact]
    public void A_gap_starts_anew_and_clearing_leaves_everything_to_the_database()
    {
        var recent = new RecentEvents(4, 100);
        recent.Add(At(1), 1);
        recent.Add(At(5), 1);
        Assert.Null(recent.TryRead(0, 10));
        Assert.Equal([5L], Positions(recent, 4, 10));
        recent.Clear();
        Assert.Null(recent.TryRead(4, 10));
        recent.Add(At(6), 1);
        Assert.Equal([6L], Positions(recent, 5, 10));
    }

    private static IEnumerable<long> Positions(RecentEvents recent, long after, int max) => recent.TryRead(after, max)!.Select(e => e.Position);

    private static StoredEvent At(long position) => new(position, "g", "e", DateTimeOffset.UnixEpoch, new SmaEvent { Id = $"e-{position}", Seq = (ulong)position, Time = DateTimeOffset.UnixEpoch, Kind = "log" });
}
