using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.Tests.Contract;

namespace MediaRelay.Signaling.Tests.Storage;

/// <summary>What every storage engine must do; an engine's own class opens it.</summary>
public abstract class StorageSuite : IAsyncLifetime
{
    protected static readonly DateTimeOffset Start = new(2026, 11, 21, 8, 0, 0, TimeSpan.Zero);

    private readonly XmlOutput _scratch = new();

    protected IStorage Storage { get; private set; } = null!;

    protected abstract Task<IStorage> OpenAsync();

    public virtual async Task InitializeAsync()
    {
        Storage = await OpenAsync();
        await Storage.Gateways.SaveAsync(new GatewayRecord { Id = "g1", Home = "h1" });
        await Storage.Gateways.SaveAsync(new GatewayRecord { Id = "g2", Home = "h2" });
    }

    public virtual async Task DisposeAsync() => await Storage.DisposeAsync();

    [Fact]
    public async Task Events_survive_reopening_with_their_order_sequence_and_chain()
    {
        await AppendAsync("g1", "e", 1, 2, 5);
        await AppendAsync("g2", "e", 1);
        await ReopenAsync();
        Assert.Equal([("g1", 1UL), ("g1", 2UL), ("g1", 5UL), ("g2", 1UL)], Storage.Events.Read(0, 10).Select(e => (e.Gateway, e.Event.Seq)));
        Assert.Equal(4, Storage.Events.LastPosition);
        AppendResult result = await AppendAsync("g1", "e", 2, 5, 3, 4);
        Assert.Equal((5UL, 2, 2), (result.UpTo, result.Duplicates, result.Stored.Count));
        JournalVerdict verdict = Storage.Events.Verify();
        Assert.Empty(verdict.Faults);
        Assert.Equal(6, verdict.Events);
    }

    [Fact]
    public async Task An_event_comes_back_as_it_was_given()
    {
        foreach (SmaEvent message in Samples.Events)
            await Storage.Events.AppendAsync(new EventAppend("g1", "e", [new PendingEvent(message, _scratch)], Start));
        IReadOnlyList<StoredEvent> read = Storage.Events.Read(0, 100);
        Assert.Equal(Samples.Events.Count, read.Count);
        for (int i = 0; i < read.Count; i++)
            Assert.Equal(Write(Samples.Events[i]), Write(read[i].Event));
        Assert.Equal(Samples.Events[3].Id, Storage.Events.Find("g1", Samples.Events[3].Id)!.Event.Id);
        Assert.Null(Storage.Events.Find("g2", Samples.Events[3].Id));
        Assert.Equal([.. Samples.Events.Reverse().Take(3).Select(e => e.Id)], Storage.Events.ReadGateway("g1", null, 3).Select(e => e.Event.Id));
    }

    [Fact]
    public async Task A_number_far_ahead_of_a_gap_is_named_for_later_and_given_up_numbers_are_not_missed()
    {
        AppendResult result = await AppendAsync("g1", "e", 1, 9000);
        Assert.Equal([9000UL], result.Later);
        await Storage.Events.ForgetBelowAsync("g1", "e", 9000);
        result = await AppendAsync("g1", "e", 9000);
        Assert.Equal(9000UL, result.UpTo);
        Assert.Equal(9000UL, await Storage.Events.ContiguousAsync("g1", "e"));
        Assert.Equal(0UL, await Storage.Events.ContiguousAsync("g1", "other"));
    }

    [Fact]
    public async Task An_alarm_however_far_ahead_is_stored_at_once_and_never_twice()
    {
        ulong[] far = [.. Enumerable.Range(0, 1500).Select(n => 9000 + (2 * (ulong)n))];
        AppendResult result = await AppendAsync("g1", "e", EventPriority.Alarm, far);
        Assert.Empty(result.Later);
        Assert.Equal((0UL, far.Length), (result.UpTo, result.Stored.Count));
        await ReopenAsync();
        result = await AppendAsync("g1", "e", EventPriority.Alarm, far);
        Assert.Equal((0, far.Length, 0), (result.Stored.Count, result.Duplicates, result.Faults.Count));
        Assert.Equal(far.Length, Storage.Events.Read(0, 5000).Count);
        Assert.Equal([9001UL], (await AppendAsync("g1", "e", 9001)).Later);
        for (ulong seq = 1; seq < 9000; seq += 250)
            result = await AppendAsync("g1", "e", [.. Enumerable.Range(0, 250).Select(n => seq + (ulong)n).Where(n => n < 9000)]);
        Assert.Equal(9000UL, result.UpTo);
        Assert.Equal(new SeqRange(9001, 9001), result.Missing[0]);
        Assert.Equal(9002UL, (await AppendAsync("g1", "e", 9001)).UpTo);
        Assert.Empty(Storage.Events.Verify().Faults);
    }

    [Fact]
    public async Task Appends_from_many_threads_are_each_complete_and_in_one_order()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(lane => Task.Run(async () =>
        {
            for (ulong seq = 1; seq <= 50; seq++)
                Assert.Equal(seq, (await AppendAsync("g1", "lane-" + lane, seq)).UpTo);
        })));
        IReadOnlyList<StoredEvent> all = Storage.Events.Read(0, 1000);
        Assert.Equal(400, all.Count);
        Assert.All(all.GroupBy(e => e.Epoch), lane => Assert.Equal(Enumerable.Range(1, 50).Select(n => (ulong)n), lane.Select(e => e.Event.Seq)));
        Assert.Empty(Storage.Events.Verify().Faults);
    }

    [Fact]
    public async Task A_write_that_fails_harms_no_other()
    {
        Task<AppendResult>[] all = [.. Enumerable.Range(1, 40).Select(n => n % 4 == 0 ? AppendAsync("nobody", "e", 1) : AppendAsync("g1", "e", (ulong)n))];
        int failed = 0;
        foreach (Task<AppendResult> one in all)
        {
            try
            {
                await one;
            }
            catch (StorageException e)
            {
                Assert.True(e.IsUnknownSubject);
                failed++;
            }
        }

        Assert.Equal(10, failed);
        Assert.Equal(30, Storage.Events.Read(0, 100).Count);
        Assert.Empty(Storage.Events.Verify().Faults);
        Assert.True(Storage.IsWritable);
    }

    [Fact]
    public async Task Server_events_have_their_own_numbers()
    {
        var draft = new SmaEvent { Id = "", Seq = 0, Time = Start, Kind = SmaEventKinds.GatewayLost };
        StoredEvent first = await Storage.Events.AppendServerEventAsync("g1", draft, Start);
        await AppendAsync("g1", "e", 1);
        StoredEvent second = await Storage.Events.AppendServerEventAsync("g1", draft, Start);
        Assert.Equal((1UL, 2UL, StoredEvent.ServerEpoch), (first.Event.Seq, second.Event.Seq, second.Epoch));
        Assert.StartsWith("es-2-", second.Event.Id, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_gateway_can_take_the_id_of_a_server_event_before_it_is_made()
    {
        var draft = new SmaEvent { Id = "", Seq = 0, Time = Start, Kind = SmaEventKinds.GatewayLost };
        string[] guesses = [(await Storage.Events.AppendServerEventAsync("g1", draft, Start)).Event.Id, "es-2", "es-3"];
        for (int i = 0; i < guesses.Length; i++)
            await Storage.Events.AppendAsync(new EventAppend("g2", "e", [new PendingEvent(draft with { Id = guesses[i], Seq = (ulong)i + 1 }, _scratch)], Start));
        for (ulong seq = 1; seq <= 3; seq++)
            Assert.Equal(seq, (await Storage.Events.AppendServerEventAsync("g2", draft, Start)).Event.Seq);
    }

    [Fact]
    public async Task A_number_whose_event_was_refused_is_not_missed_any_more()
    {
        var batch = new EventAppend("g1", "e", [Pending("e", 1), Pending("e", 3)], Start) { Refused = [2, 0, 3, 9000] };
        AppendResult result = await Storage.Events.AppendAsync(batch);
        Assert.Equal((3UL, 2), (result.UpTo, result.Stored.Count));
        Assert.Empty(result.Missing);
        await Storage.Events.AppendAsync(new EventAppend("g1", "e", [], Start) { Refused = [4] });
        await ReopenAsync();
        Assert.Equal(4UL, await Storage.Events.ContiguousAsync("g1", "e"));
        Assert.Equal(1, (await AppendAsync("g1", "e", 2)).Duplicates);
    }

    [Fact]
    public async Task Consumers_keep_their_cursor()
    {
        Assert.Equal(0, Storage.Events.Cursor("c"));
        await Storage.Events.AdvanceAsync("c", 7);
        await Storage.Events.AdvanceAsync("c", 3);
        await ReopenAsync();
        Assert.Equal(7, Storage.Events.Cursor("c"));
    }

    [Fact]
    public async Task Purging_follows_the_class_and_leaves_a_chain_that_verifies()
    {
        await AppendAsync("g1", "e", EventPriority.Status, 1, 2);
        await AppendAsync("g1", "e", EventPriority.Alarm, 3);
        await AppendAsync("g1", "e", EventPriority.Bulk, 4, 5);
        var retention = new EventRetention(TimeSpan.FromDays(1000), TimeSpan.FromDays(300), TimeSpan.FromDays(30), TimeSpan.FromDays(1));
        Assert.Equal(2, await Storage.Events.PurgeAsync(retention, Start.AddDays(2)));
        Assert.Equal([1UL, 2UL, 3UL], Storage.Events.Read(0, 10).Select(e => e.Event.Seq));
        Assert.Equal(2, await Storage.Events.PurgeAsync(retention, Start.AddDays(31)));
        JournalVerdict verdict = Storage.Events.Verify();
        Assert.Empty(verdict.Faults);
        Assert.Equal((3L, 3L), (verdict.Events, verdict.FirstPosition));
        Assert.Equal(5UL, (await AppendAsync("g1", "e", 5)).UpTo);
        await AppendAsync("g1", "e", 6);
        await ReopenAsync();
        Assert.Empty(Storage.Events.Verify().Faults);
        Assert.Equal(6, Storage.Events.LastPosition);
    }

    [Fact]
    public async Task Instructions_are_numbered_kept_until_acknowledged_and_numbered_anew()
    {
        for (int i = 0; i < 3; i++)
            Assert.Equal((ulong)i + 1, (await Storage.Instructions.EnqueueAsync("g1", Samples.Instructions[i], InstructionBounds.Default)).Seq);
        Assert.Equal(1UL, (await Storage.Instructions.EnqueueAsync("g2", Samples.Instructions[0], InstructionBounds.Default)).Seq);
        await Storage.Instructions.AcknowledgeAsync("g1", 1);
        await ReopenAsync();
        InstructionBacklog backlog = await Storage.Instructions.BacklogAsync("g1");
        Assert.Equal([2UL, 3UL], backlog.Waiting.Select(i => i.Seq));
        Assert.Equal(3UL, backlog.Last);
        Instruction before = await Storage.Instructions.EnqueueAsync("g2", Samples.Instructions[1], InstructionBounds.Default);
        await Storage.Instructions.RenumberAsync("g2", "other");
        Instruction after = await Storage.Instructions.EnqueueAsync("g2", Samples.Instructions[2], InstructionBounds.Default);
        Assert.Equal((true, "other"), (before.Epoch is { } old && old != "other", after.Epoch));
        InstructionBacklog renumbered = await Storage.Instructions.RenumberAsync("g1", "new");
        Assert.Equal(("new", 2UL), (renumbered.Epoch, renumbered.Last));
        Assert.Equal([Samples.Instructions[1].Id, Samples.Instructions[2].Id], renumbered.Waiting.Select(i => i.Id));
        await Assert.ThrowsAsync<StorageException>(() => Storage.Instructions.EnqueueAsync("nobody", Samples.Instructions[0], InstructionBounds.Default));
    }

    [Fact]
    public async Task A_full_queue_refuses_the_new_and_keeps_what_waits()
    {
        var bounds = new InstructionBounds(8, 100_000);
        for (int i = 0; i < 6; i++)
            await Storage.Instructions.EnqueueAsync("g1", Order("property.get", i), bounds);
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => Storage.Instructions.EnqueueAsync("g1", Order("property.get", 6), bounds));
        Assert.True(refused.IsQueueFull);
        Assert.StartsWith("The instruction for gateway g1 was refused: 6 instructions with ", refused.Message, StringComparison.Ordinal);
        Assert.Equal(7UL, (await Storage.Instructions.EnqueueAsync("g1", Order("partition.disarm", 7), bounds)).Seq);
        Assert.Equal(8UL, (await Storage.Instructions.EnqueueAsync("g1", Order("partition.disarm", 8), bounds)).Seq);
        Assert.True((await Assert.ThrowsAsync<StorageException>(() => Storage.Instructions.EnqueueAsync("g1", Order("partition.disarm", 9), bounds))).IsQueueFull);
        Assert.Equal(1UL, (await Storage.Instructions.EnqueueAsync("g2", Order("property.get", 1), bounds)).Seq);
        await ReopenAsync();
        Assert.Equal(8, Storage.Instructions.Load("g1", Start).Count);
        await Storage.Instructions.AcknowledgeAsync("g1", 8);
        Assert.Equal(9UL, (await Storage.Instructions.EnqueueAsync("g1", Order("property.get", 9), bounds)).Seq);
        Assert.Equal(default, Storage.Instructions.Load("nobody", Start));
    }

    [Fact]
    public async Task What_expired_in_the_queue_gives_up_its_content_but_not_its_number()
    {
        var bounds = new InstructionBounds(100, 20_000);
        string text = new('x', 4000);
        for (int i = 0; i < 3; i++)
            await Storage.Instructions.EnqueueAsync("g1", Order("content.show", i) with { Expires = Start.AddMinutes(i + 1), Body = new ContentBody { Id = "c", Text = text } }, bounds);
        await Assert.ThrowsAsync<StorageException>(() => Storage.Instructions.EnqueueAsync("g1", Order("content.show", 3) with { Body = new ContentBody { Id = "c", Text = text } }, bounds));
        Assert.Equal(4UL, (await Storage.Instructions.EnqueueAsync("g1", Order("content.show", 4) with { Time = Start.AddMinutes(2.5), Body = new ContentBody { Id = "c", Text = text } }, bounds)).Seq);
        InstructionLoad load = Storage.Instructions.Load("g1", Start.AddMinutes(2.5));
        Assert.Equal((4, 2, Start.AddMinutes(1)), (load.Count, load.Expired, load.OldestEnd));
        Assert.InRange(load.Octets, 8000, 9500);
        await ReopenAsync();
        InstructionBacklog backlog = await Storage.Instructions.BacklogAsync("g1");
        Assert.Equal([1UL, 2UL, 3UL, 4UL], backlog.Waiting.Select(i => i.Seq));
        Assert.Equal([true, true, false, false], backlog.Waiting.Select(i => i.Body is null));
    }

    [Fact]
    public async Task Events_just_written_read_the_same_as_after_reopening()
    {
        await AppendAsync("g1", "e", 1, 2, 3);
        await AppendAsync("g2", "e", 1);
        StoredEvent[] before = [.. Storage.Events.Read(0, 10)];
        Assert.Equal([3L], Storage.Events.Read(2, 1).Select(e => e.Position));
        Assert.Empty(Storage.Events.Read(Storage.Events.LastPosition, 10));
        await ReopenAsync();
        Assert.Equal(before.Select(e => (e.Position, e.Gateway, e.Epoch, e.Received, e.Event.Id, e.Event.Time)), Storage.Events.Read(0, 10).Select(e => (e.Position, e.Gateway, e.Epoch, e.Received, e.Event.Id, e.Event.Time)));
        await AppendAsync("g1", "e", 4);
        Assert.Equal([1L, 2L, 3L, 4L, 5L], Storage.Events.Read(0, 10).Select(e => e.Position));
    }

    [Fact]
    public async Task Gateways_are_found_listed_changed_and_keep_their_configuration()
    {
        var record = new GatewayRecord
        {
            Id = "g3", Home = "h", Subscriber = "10.1.2.3", IsEnabled = false, DigestSecret = [1, 2], ClaimDigest = [3], ClaimUntil = Start, CertificateSerial = "AB", CertificateNotAfter = Start,
            Software = "s", ConfigActive = "c", Presence = PresenceState.Lost, LastSeen = Start,
        };
        await Storage.Gateways.SaveAsync(record);
        GatewayRecord found = Storage.Gateways.Find("g3")!;
        Assert.Equal(record with { DigestSecret = null, ClaimDigest = null }, found with { DigestSecret = null, ClaimDigest = null });
        Assert.Equal(["g2", "g3"], Storage.Gateways.List("g1", 10).Select(r => r.Id));
        Assert.True(await Storage.Gateways.ChangeAsync("g3", r => r with { Home = "new" }));
        Assert.False(await Storage.Gateways.ChangeAsync("g9", r => r));
        await Storage.Gateways.NoteSeenAsync([new GatewaySeen("g3", PresenceState.Connected, Start.AddHours(1))]);
        await Storage.Gateways.SaveConfigurationAsync("g3", new GatewayConfiguration("v1", new byte[] { 9 }));
        await ReopenAsync();
        Assert.Equal(("new", PresenceState.Connected, Start.AddHours(1)), (Storage.Gateways.Find("g3")!.Home, Storage.Gateways.Find("g3")!.Presence, Storage.Gateways.Find("g3")!.LastSeen));
        Assert.Equal("v1", Storage.Gateways.Configuration("g3")!.Version);
        Assert.Null(Storage.Gateways.Find("g9"));
    }

    [Fact]
    public async Task A_value_with_an_older_time_loses_and_the_consumer_moves_with_the_values()
    {
        await Storage.Properties.SaveAsync([new PropertyValue("g1", "d", "p", "new", Start, Start), new PropertyValue("g1", "d", "q", "x", Start, Start)], "c", 5);
        await Storage.Properties.SaveAsync([new PropertyValue("g1", "d", "p", "old", Start.AddSeconds(-1), Start)], "c", 6);
        Assert.Equal([("p", "new"), ("q", "x")], Storage.Properties.Read("g1").Select(v => (v.Name, v.Value!)));
        Assert.Equal(6, Storage.Events.Cursor("c"));
        await Storage.Properties.SaveAsync([new PropertyValue("g1", "d", "p", null, Start, Start)]);
        Assert.Equal("q", Assert.Single(Storage.Properties.Read("g1")).Name);
    }

    [Fact]
    public async Task A_lease_has_one_owner_until_it_ends_and_its_token_grows_with_the_owner()
    {
        Assert.Equal(1, await Storage.Leases.TryAcquireAsync("l", "a", TimeSpan.FromSeconds(10), Start));
        Assert.Null(await Storage.Leases.TryAcquireAsync("l", "b", TimeSpan.FromSeconds(10), Start.AddSeconds(9)));
        Assert.Equal(1, await Storage.Leases.TryAcquireAsync("l", "a", TimeSpan.FromSeconds(10), Start.AddSeconds(9)));
        Assert.Equal(2, await Storage.Leases.TryAcquireAsync("l", "b", TimeSpan.FromSeconds(10), Start.AddSeconds(19)));
        await Storage.Leases.ReleaseAsync("l", "a");
        Assert.Null(await Storage.Leases.TryAcquireAsync("l", "a", TimeSpan.FromSeconds(10), Start.AddSeconds(20)));
        await Storage.Leases.ReleaseAsync("l", "b");
        Assert.Equal(3, await Storage.Leases.TryAcquireAsync("l", "a", TimeSpan.FromSeconds(10), Start.AddSeconds(20)));
    }

    [Fact]
    public async Task Notifications_reach_every_subscriber_until_it_leaves()
    {
        var heard = new List<string>();
        IDisposable subscription = Storage.Notifications.Subscribe(INotifications.Events, payload =>
        {
            lock (heard)
                heard.Add(payload);
        });
        await AppendAsync("g1", "e", 1, 2);
        subscription.Dispose();
        await AppendAsync("g1", "e", 3);
        Assert.Equal(["2"], heard);
    }

    protected Task<AppendResult> AppendAsync(string gateway, string epoch, params ulong[] seqs) => AppendAsync(gateway, epoch, EventPriority.Status, seqs);

    protected Task<AppendResult> AppendAsync(string gateway, string epoch, EventPriority priority, params ulong[] seqs) =>
        Storage.Events.AppendAsync(new EventAppend(gateway, epoch, [.. seqs.Select(seq => Pending(epoch, seq, priority))], Start));

    private static PendingEvent Pending(string epoch, ulong seq, EventPriority priority = EventPriority.Status) =>
        new(new SmaEvent { Id = $"{epoch}-{seq}", Seq = seq, Time = Start, Kind = "log", Priority = priority }, new XmlOutput());

    protected async Task ReopenAsync()
    {
        await Storage.DisposeAsync();
        Storage = await OpenAsync();
    }

    private static string Write(SmaEvent message)
    {
        var x = new XmlOutput();
        SmaWriter.WriteEvent(x, message);
        return System.Text.Encoding.UTF8.GetString(x.Written);
    }

    private static Instruction Order(string kind, int n) => new() { Id = $"i-{n}", Time = Start, Expires = Start.AddHours(1), Kind = kind };
}
