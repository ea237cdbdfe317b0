using MediaRelay.Signaling.IO.Gateways;

namespace MediaRelay.Signaling.Tests.Server;

public sealed class HandshakeSlotsTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_newest_that_waits_is_next_and_one_that_left_is_passed_over()
    {
        var slots = new HandshakeSlots(1);
        Assert.True(await slots.TakeAsync(s_patience, default));
        using var left = new CancellationTokenSource();
        Task<bool> first = slots.TakeAsync(s_patience, default), second = slots.TakeAsync(s_patience, default), gone = slots.TakeAsync(s_patience, left.Token);
        await left.CancelAsync();
        Assert.False(await gone);
        slots.Give();
        Assert.True(await second);
        Assert.False(first.IsCompleted);
        slots.Give();
        Assert.True(await first);
        slots.Give();
        Assert.True(await slots.TakeAsync(s_patience, default));
    }

    [Fact]
    public async Task Who_waits_too_long_is_sent_away()
    {
        var slots = new HandshakeSlots(1);
        Assert.True(await slots.TakeAsync(s_patience, default));
        Assert.False(await slots.TakeAsync(TimeSpan.FromMilliseconds(20), default));
    }

    [Fact]
    public async Task Who_left_takes_no_room_while_newer_ones_wait()
    {
        var slots = new HandshakeSlots(1);
        Assert.True(await slots.TakeAsync(s_patience, default));
        for (int i = 0; i < 100; i++)
        {
            using var left = new CancellationTokenSource();
            Task<bool> gone = slots.TakeAsync(s_patience, left.Token);
            await left.CancelAsync();
            Assert.False(await gone);
        }

        Task<bool> waits = slots.TakeAsync(s_patience, default);
        Assert.Equal(1, slots.Waiting);
        slots.Give();
        Assert.True(await waits);
        Assert.Equal(0, slots.Waiting);
    }
}
