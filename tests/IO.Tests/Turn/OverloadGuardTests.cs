using System.Net.Sockets;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Shards;
using MediaRelay.Turn.IO.Sockets;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>Which media is dropped when a shard cannot keep up: the oldest, half of what waits, and only then.</summary>
public sealed class OverloadGuardTests
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(60);
    private readonly ShardCounters _counters = new();

    [Fact]
    public void A_media_socket_that_stays_full_gives_up_the_older_half_of_its_queue()
    {
        var guard = Fill(isMedia: true, out var queued, out var receiver);
        MakeBusy(guard);
        var fates = Enumerable.Range(0, queued).Select(_ => guard.Drops(0, 100, _counters)).ToArray();
        var dropped = fates.Count(fate => fate);

        // The kernel may charge more for a datagram than the guard assumes, so half of the bytes is half of the datagrams or more.
        Assert.InRange(dropped, queued / 3, queued * 9 / 10);
        Assert.All(fates[..dropped], Assert.True);
        Assert.All(fates[dropped..], Assert.False);
        Assert.Equal(dropped, _counters.DroppedOverload);
        Assert.True(_counters.DroppedByKernel > 0);
        DatagramSocket.Close(receiver);
    }

    [Theory]
    [InlineData(true, OverloadGuard.BusyTurns)]
    [InlineData(false, OverloadGuard.BusyTurns + 1)]
    public void A_full_socket_loses_nothing_while_the_shard_is_not_busy_or_when_it_carries_control(bool isMedia, int turns)
    {
        var guard = Fill(isMedia, out _, out var receiver);
        MakeBusy(guard, turns);
        Assert.False(guard.Drops(0, 100, _counters));
        Assert.Equal(0, _counters.DroppedOverload);
        Assert.True(_counters.DroppedByKernel > 0);
        DatagramSocket.Close(receiver);
    }

    [Fact]
    public void A_relay_port_that_overflows_under_load_gives_up_half_of_its_buffer_and_counts_what_the_kernel_lost()
    {
        const int Fits = 10;
        var guard = new OverloadGuard([], Fits * 2 * (OverloadGuard.PerDatagramOverhead + 100));
        Assert.False(guard.DropsFromPeer(7, 100, 3, _counters));
        Assert.Equal(3, _counters.DroppedByKernel);
        MakeBusy(guard);
        Assert.False(guard.DropsFromPeer(7, 100, 3, _counters));
        for (var i = 0; i < Fits; i++)
            Assert.True(guard.DropsFromPeer(7, 100, 5, _counters));
        Assert.False(guard.DropsFromPeer(7, 100, 5, _counters));
        Assert.Equal((5, Fits), (_counters.DroppedByKernel, _counters.DroppedOverload));

        // The next holder of the port starts without a past.
        guard.Forget(7);
        Assert.True(guard.DropsFromPeer(7, 100, 1, _counters));
        Assert.Equal(6, _counters.DroppedByKernel);
    }

    [Fact]
    public void A_socket_tells_with_its_datagrams_how_many_it_lost()
    {
        var receiver = DatagramSocket.TryOpen(TransportAddress.Parse("127.0.0.1:0"), new DatagramSocketOptions { ReportDrops = true, ReceiveBuffer = 32 << 10 });
        var lost = Overflow(receiver, out var queued);
        using var loop = new BatchLoop();
        loop.Add(receiver, 0, coalesced: false);
        for (var read = 0; read < queued; read += loop.Received.Length)
        {
            loop.Wait(TimeSpan.FromSeconds(5));
            Assert.NotEmpty(loop.Received.ToArray());
            Assert.All(loop.Received.ToArray(), entry => Assert.Equal(0u, entry.Dropped));
        }

        Send(receiver, 1);
        loop.Wait(TimeSpan.FromSeconds(5));
        Assert.Equal(lost, Assert.Single(loop.Received.ToArray()).Dropped);
        DatagramSocket.Close(receiver);
    }

    private void MakeBusy(OverloadGuard guard, int turns = OverloadGuard.BusyTurns + 1)
    {
        for (var turn = 1; turn <= turns; turn++)
            guard.Observe(turn == turns ? Look : TimeSpan.FromMilliseconds(1), isFull: true, _counters);
    }

    private static OverloadGuard Fill(bool isMedia, out int queued, out int receiver)
    {
        receiver = DatagramSocket.TryOpen(TransportAddress.Parse("127.0.0.1:0"), new DatagramSocketOptions { ReceiveBuffer = 64 << 10 });
        Assert.True(receiver > 0);
        _ = Overflow(receiver, out queued);
        return new OverloadGuard([(0, receiver, isMedia)], 1 << 20);
    }

    /// <summary>Sends until the socket has dropped some; returns how many, and how many wait in it.</summary>
    private static uint Overflow(int receiver, out int queued)
    {
        var dropped = 0u;
        for (queued = 0; queued < 10_000 && dropped == 0; queued++)
        {
            Send(receiver, 1);
            Assert.True(DatagramSocket.TryReadQueue(receiver, out _, out _, out dropped));
        }

        queued -= (int)dropped;
        Assert.True(dropped > 0);
        return dropped;
    }

    private static void Send(int receiver, int count)
    {
        using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        for (var i = 0; i < count; i++)
            _ = sender.SendTo(new byte[100], DatagramSocket.LocalAddress(receiver).ToEndPoint());
    }
}
