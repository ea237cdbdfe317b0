using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.Tests.Contract;
using MediaRelay.Tests.Support;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>What the server does on its own clock: the short wait that makes one answer of several instructions, and the removal of old events.</summary>
public sealed class BatchingTests
{
    [Fact]
    public async Task The_first_instruction_leaves_at_once_and_those_right_behind_it_leave_together()
    {
        var link = new GatewayLink(GatewayId, new SignalingOptions { InstructionBatching = TimeSpan.FromMilliseconds(100) }, PresenceLimits.Default);
        TimeSpan now = TimeSpan.FromSeconds(1), deadline = TimeSpan.FromMinutes(1);
        Task<IReadOnlyList<Instruction>?> first = link.WaitAsync(now, deadline, out _), second = link.WaitAsync(now, deadline, out _);
        link.Add(Samples.Instructions[0] with { Seq = 1 }, now);
        Assert.Equal([1UL], (await first)!.Select(one => one.Seq));
        link.Add(Samples.Instructions[0] with { Seq = 2 }, now);
        link.Add(Samples.Instructions[0] with { Seq = 3 }, now);
        Assert.False(second.IsCompleted);
        Assert.Equal([2UL, 3UL], (await second.WaitAsync(TimeSpan.FromSeconds(10)))!.Select(one => one.Seq));
    }

    [Fact]
    public async Task An_event_that_is_older_than_its_class_is_kept_leaves_the_journal()
    {
        var time = new ManualTime(DateTimeOffset.UtcNow);
        await using ServerRig rig = await ServerRig.StartAsync(options => options.KeepBulk = TimeSpan.FromDays(1), time: time);
        using (var link = rig.Link())
            await PostEventsAsync(link, GatewayId, "e", Event(1, priority: Signaling.Events.EventPriority.Bulk), Event(2));
        time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(11));
        await UntilAsync(() => !rig.Storage.Events.Read(0, 100).Any(one => one.Event.Id == "e-1"), "the old event is gone");
        Assert.Contains(rig.Storage.Events.Read(0, 100), one => one.Event.Id == "e-2");
        Assert.Empty(rig.Storage.Events.Verify().Faults);
    }
}
