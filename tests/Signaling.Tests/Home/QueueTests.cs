using MediaRelay.Gateway.Queue;
using MediaRelay.Signaling.Contract;
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
            bool isWhole = queue.Events.Count > before;
            before = queue.Events.Count;
            // The number of a record that was torn is not given again: it may have been sent.
            if (before > 0)
                Assert.True(isWhole ? queue.LastEvent == (ulong)before : queue.LastEvent > (ulong)before, $"{length} octets: {queue.LastEvent}");
            ulong next = queue.Append(Draft(false)).Seq;
            queue.Flush();
            using FileEventQueue again = new(Copy());
            Assert.Equal((queue.Epoch, next), (again.Epoch, again.LastEvent));
        }

        Assert.Equal(4, before);
    }

    [Fact]
    public void A_damaged_last_record_keeps_the_epoch_but_not_its_number_and_a_damaged_beginning_means_a_new_epoch()
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
        {
            Assert.Equal((epoch, 1), (queue.Epoch, queue.Events.Count));
            Assert.True(queue.Append(Draft(false)).Seq > 2);
        }

        file[10] ^= 1;
        File.WriteAllBytes(path, file);
        using FileEventQueue lost = Open();
        Assert.NotEqual(epoch, lost.Epoch);
        Assert.Equal([1UL], lost.Events.Select(one => one.Seq));
    }

    [Fact]
    public void Damage_in_the_middle_costs_what_is_damaged_and_counts_the_rest_under_a_new_epoch()
    {
        string epoch;
        var ends = new List<int>();
        string path = Path.Combine(_folder, "gateway.queue");
        using (FileEventQueue queue = Open())
        {
            epoch = queue.Epoch;
            for (int i = 0; i < 5; i++)
            {
                queue.Flush();
                ends.Add((int)new FileInfo(path).Length);
                if (i < 4)
                    queue.Append(Draft(i == 1) with { Code = $"c{i}" });
            }

            queue.Keep("last", [7]);
        }

        byte[] whole = File.ReadAllBytes(path);
        for (int at = ends[0]; at < ends[^1]; at += 11)
        {
            byte[] file = [.. whole];
            file[at] ^= 0x10;
            File.WriteAllBytes(path, file);
            using FileEventQueue queue = Open();
            int damaged = ends.FindLastIndex(end => end <= at);
            Assert.NotEqual(epoch, queue.Epoch);
            Assert.Equal([1UL, 2UL, 3UL], queue.Events.Select(one => one.Seq));
            Assert.Equal(Enumerable.Range(0, 4).Where(i => i != damaged).Select(i => $"c{i}"), queue.Events.Select(one => EventElement.Read(one.Element)!.Code));
            Assert.All(queue.Events, one => Assert.Equal($"{queue.Epoch}-{one.Seq}", EventElement.Read(one.Element)!.Id));
            Assert.Equal([7], queue.Kept["last"]);
            using FileEventQueue again = new(Copy());
            Assert.Equal((queue.Epoch, 3UL, 4UL), (again.Epoch, again.LastEvent, again.Append(Draft(false)).Seq));
        }
    }

    [Fact]
    public void An_instruction_whose_record_is_damaged_is_not_begun_again()
    {
        string path = Path.Combine(_folder, "gateway.queue");
        long before;
        using (FileEventQueue queue = Open())
        {
            queue.StartInstructions("ie", 7);
            queue.Flush();
            before = new FileInfo(path).Length;
            queue.Begin(8, "i-8");
            queue.Begin(9, "i-9");
        }

        byte[] file = File.ReadAllBytes(path);
        file[before + 18] ^= 1;
        File.WriteAllBytes(path, file);
        using FileEventQueue again = Open();
        Assert.Equal(("ie", 9UL), (again.InstructionEpoch!, again.Instructions.Contiguous));
        Assert.Equal([9UL], again.Unfinished.Keys);
    }

    [Fact]
    public void A_stop_while_the_file_was_written_anew_leaves_the_old_one_and_the_next_try_succeeds()
    {
        string draft = Path.Combine(_folder, "gateway.queue.new");
        using (FileEventQueue queue = Open())
            queue.Append(Draft(true));
        File.WriteAllBytes(draft, [1, 2, 3]);
        using (FileEventQueue queue = Open())
        {
            Assert.Equal([1UL], queue.Events.Select(one => one.Seq));
            queue.StartEpoch();
            queue.Flush();
            Assert.False(File.Exists(draft));
        }

        using FileEventQueue again = Open();
        Assert.True(Assert.Single(again.Events).IsAlarm);
    }

    [Fact]
    public void Nobody_else_on_the_machine_can_read_the_file()
    {
        string path = Path.Combine(_folder, "gateway.queue");
        File.WriteAllBytes(path, []);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        using FileEventQueue queue = Open();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        queue.StartEpoch();
        queue.Flush();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using FileEventQueue other = new(Path.Combine(_folder, "new"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(_folder, "new")));
    }

    [Fact]
    public void What_is_replaced_is_there_after_a_restart_and_what_is_acknowledged_cannot_be()
    {
        using (FileEventQueue queue = Open())
        {
            queue.Append(Draft(false) with { Time = DateTimeOffset.UnixEpoch });
            queue.Append(Draft(false));
            QueuedEvent[] all = [.. queue.Events];
            queue.Acknowledge(2);
            queue.Replace(all[1]);
            queue.Replace(EventElement.Redate(all[0], time => time.AddYears(60)));
        }

        using FileEventQueue again = Open();
        QueuedEvent one = Assert.Single(again.Events);
        Assert.Equal((2030, 2030), (one.Made.Year, EventElement.Read(one.Element)!.Time.Year));
    }

    [Fact]
    public void Events_made_without_a_clock_are_not_too_old_and_without_a_clock_nothing_is()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using var queue = new MemoryEventQueue(3);
        queue.Append(Draft(true) with { Time = DateTimeOffset.UnixEpoch.AddSeconds(5) });
        queue.Append(Draft(false) with { Time = now.AddDays(-8) });
        queue.Trim(DateTimeOffset.UnixEpoch.AddDays(30));
        Assert.Equal([1UL, 2UL], queue.Events.Select(one => one.Seq));
        queue.Trim(now);
        Assert.Equal([1UL], queue.Events.Select(one => one.Seq));
        for (int i = 0; i < 4; i++)
            queue.Append(Draft(false));
        queue.Trim(DateTimeOffset.UnixEpoch.AddDays(30));
        Assert.Equal([1UL, 5UL, 6UL], queue.Events.Select(one => one.Seq));
    }

    [Fact]
    public void Octets_are_bounded_too()
    {
        using var queue = new MemoryEventQueue(1000, 10_000);
        for (int i = 0; i < 20; i++)
            queue.Append(Draft(i == 0) with { Body = new TextBody(new string('x', 1000)) });
        Assert.True(queue.IsOverfull);
        queue.Trim(DateTimeOffset.UtcNow);
        Assert.False(queue.IsOverfull);
        Assert.Equal(1UL, queue.FirstEvent);
        Assert.InRange(queue.Events.Sum(one => one.Element.Length), 8000, 10_000);
        queue.AcknowledgeUpTo(20);
        queue.Append(Draft(false));
        Assert.Single(queue.Events);
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

    /// <summary>The file as it is now, in a folder of its own.</summary>
    private string Copy()
    {
        string folder = Path.Combine(_folder, "copy");
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(_folder, "gateway.queue"), Path.Combine(folder, "gateway.queue"), overwrite: true);
        return folder;
    }

    private static SmaEvent Draft(bool alarm) => new() { Id = "", Seq = 0, Time = DateTimeOffset.UtcNow, Kind = "log", Priority = alarm ? EventPriority.Alarm : EventPriority.Status };
}
