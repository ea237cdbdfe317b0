using MediaRelay.Gateway.Queue;
using MediaRelay.Signaling.Events;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>The gateway's queue on disk: what it survives.</summary>
public sealed class QueueTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sma-queue").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void Everything_flushed_is_there_after_a_restart()
    {
        string epoch;
        using (FileEventQueue queue = Open())
        {
            epoch = queue.Epoch;
            for (int i = 0; i < 5; i++)
                queue.Append(Draft(i == 3));
            queue.AcknowledgeUpTo(2);
            queue.Acknowledge(4);
            queue.StartInstructions("ie", 7);
            queue.Begin(8, "i-8");
            queue.Begin(9, "i-9");
            queue.Finish("i-8");
            queue.Keep("device/x", [1, 2, 3]);
            queue.Keep("device/y", [4]);
            queue.Keep("device/y", null);
            queue.Flush();
        }

        using FileEventQueue again = Open();
        Assert.Equal((epoch, 5UL, 3UL, "ie", 9UL), (again.Epoch, again.LastEvent, again.FirstEvent, again.InstructionEpoch!, again.Instructions.Contiguous));
        Assert.Equal([3UL, 5UL], again.Events.Select(one => one.Seq));
        Assert.Equal("i-9", Assert.Single(again.Unfinished).Value);
        Assert.Equal([1, 2, 3], Assert.Single(again.Kept).Value);
        Assert.Equal(6UL, again.Append(Draft(false)).Seq);
    }

    [Fact]
    public void A_file_cut_anywhere_opens_with_a_prefix_of_what_was_written()
    {
        using (FileEventQueue queue = Open())
        {
            for (int i = 0; i < 4; i++)
                queue.Append(Draft(false));
        }

        byte[] whole = File.ReadAllBytes(Path.Combine(_folder, "gateway.queue"));
        int before = 0;
        for (int length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(Path.Combine(_folder, "gateway.queue"), whole[..length]);
            using FileEventQueue queue = Open();
            Assert.InRange(queue.Events.Count, before, before + 1);
            before = queue.Events.Count;
            Assert.Equal((ulong)before, queue.LastEvent);
        }

        Assert.Equal(4, before);
    }

    [Fact]
    public void A_damaged_record_ends_the_file_and_a_damaged_beginning_means_a_new_epoch()
    {
        string epoch;
        using (FileEventQueue queue = Open())
        {
            epoch = queue.Epoch;
            queue.Append(Draft(false));
            queue.Append(Draft(false));
        }

        string path = Path.Combine(_folder, "gateway.queue");
        byte[] file = File.ReadAllBytes(path);
        file[^3] ^= 1;
        File.WriteAllBytes(path, file);
        using (FileEventQueue queue = Open())
            Assert.Equal((epoch, 1UL), (queue.Epoch, queue.LastEvent));
        file[10] ^= 1;
        File.WriteAllBytes(path, file);
        using FileEventQueue lost = Open();
        Assert.NotEqual(epoch, lost.Epoch);
        Assert.Equal(0UL, lost.LastEvent);
    }

    [Fact]
    public void The_file_is_written_anew_when_most_of_it_is_dead_and_nothing_alive_is_lost()
    {
        using (FileEventQueue queue = Open())
        {
            queue.StartInstructions("former", 7);
            queue.Begin(8, "old");
            queue.Finish("old");
            queue.StartInstructions("ie", 0);
            queue.Begin(1, "open");
            queue.Begin(5, "later");
            queue.Finish("later");
            for (int i = 0; i < 30_000; i++)
            {
                ulong seq = queue.Append(Draft(false)).Seq;
                if (i % 1000 != 0)
                    queue.Acknowledge(seq);
                if (i % 100 == 0)
                    queue.Flush();
            }
        }

        Assert.True(new FileInfo(Path.Combine(_folder, "gateway.queue")).Length < 8 * 1024 * 1024);
        using FileEventQueue again = Open();
        Assert.Equal(30, again.Events.Count);
        Assert.Equal(30_000UL, again.LastEvent);
        Assert.Equal("open", Assert.Single(again.Unfinished).Value);
        Assert.True(again.Instructions.Contains(5) && !again.Instructions.Contains(3));
        Assert.True(again.WasBegun("old") && again.WasBegun("open") && again.WasBegun("later") && !again.WasBegun("never"));
    }

    [Fact]
    public void Seven_days_are_kept_and_alarms_last_when_there_are_too_many()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using var queue = new MemoryEventQueue(3);
        queue.Append(Draft(true) with { Time = now.AddDays(-8) });
        queue.Append(Draft(true) with { Time = now.AddDays(-6) });
        for (int i = 0; i < 4; i++)
            queue.Append(Draft(false) with { Time = now });
        queue.Trim(now);
        Assert.Equal([2UL, 5UL, 6UL], queue.Events.Select(one => one.Seq));
        Assert.Equal(2UL, queue.FirstEvent);
    }

    private FileEventQueue Open() => new(_folder);

    private static SmaEvent Draft(bool alarm) => new() { Id = "", Seq = 0, Time = DateTimeOffset.UtcNow, Kind = "log", Priority = alarm ? EventPriority.Alarm : EventPriority.Status };
}
