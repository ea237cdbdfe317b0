using System.Buffers.Binary;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Sockets;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>Both mechanisms of the data path over loopback: every byte arrives, order inside a flow holds, nothing is allocated.</summary>
public sealed unsafe class DatagramLoopTests
{
    /// <summary>The ring with sockets that are polled and read in batches.</summary>
    private const string Busy = "io_uring, busy sockets";

    private const int Flows = 7;
    private const int PerFlow = 60;

    [Theory]
    [InlineData("io_uring", true)]
    [InlineData("io_uring", false)]
    [InlineData(Busy, true)]
    [InlineData(Busy, false)]
    [InlineData("epoll", true)]
    [InlineData("epoll", false)]
    public void Interleaved_flows_arrive_whole_and_in_order(string mechanism, bool coalesce) => OnThread(() =>
    {
        using var loop = Create(mechanism);
        var sender = Open(false);
        var receivers = Enumerable.Range(0, Flows).Select(_ => Open(coalesce)).ToArray();
        var addresses = receivers.Select(DatagramSocket.LocalAddress).ToArray();
        for (var i = 0; i < Flows; i++)
            loop.Add(receivers[i], i, coalesce, mechanism == Busy);
        var memory = stackalloc byte[Flows * PerFlow * 16];
        for (var n = 0; n < PerFlow; n++)
        {
            for (var flow = 0; flow < Flows; flow++)
            {
                var at = memory + (((n * Flows) + flow) * 16);
                BinaryPrimitives.WriteInt32BigEndian(new Span<byte>(at, 4), flow);
                BinaryPrimitives.WriteInt32BigEndian(new Span<byte>(at + 4, 4), n);

                // Every seventh datagram is shorter, which ends a train.
                var length = n % 7 == 6 ? 8 : 16;
                if (n % 2 == 0)
                    loop.Send(sender, addresses[flow], at, length, (byte)(flow == 3 ? 0xB8 : 0));
                else
                    loop.SendWithPrefix(sender, addresses[flow], new ReadOnlySpan<byte>(at, 4), at + 4, length - 4, (byte)(flow == 3 ? 0xB8 : 0));
            }
        }

        var next = new int[Flows];
        for (var turn = 0; turn < 1000 && next.Sum() < Flows * PerFlow; turn++)
        {
            loop.Wait(TimeSpan.FromMilliseconds(50));
            foreach (var entry in loop.Received)
            {
                Assert.Equal(0, entry.Error);
                for (var at = 0; at < entry.Length; at += entry.SegmentSize)
                {
                    var bytes = new ReadOnlySpan<byte>(entry.Payload + at, Math.Min(entry.SegmentSize, entry.Length - at));
                    Assert.Equal(entry.Token, BinaryPrimitives.ReadInt32BigEndian(bytes));
                    Assert.Equal(next[entry.Token], BinaryPrimitives.ReadInt32BigEndian(bytes[4..]));
                    Assert.Equal(next[entry.Token] % 7 == 6 ? 8 : 16, bytes.Length);
                    Assert.Equal(entry.Token == 3 ? 0xB8 : 0, entry.TrafficClass);
                    next[entry.Token]++;
                }
            }
        }

        Assert.All(next, count => Assert.Equal(PerFlow, count));
        Assert.Equal(0, loop.SendFailures);
        Close(sender, receivers);
    });

    [Theory]
    [InlineData("io_uring")]
    [InlineData(Busy)]
    [InlineData("epoll")]
    public void A_turn_allocates_nothing(string mechanism) => OnThread(() =>
    {
        using var loop = Create(mechanism);
        var sender = Open(false);
        var receiver = Open(true);
        var address = DatagramSocket.LocalAddress(receiver);
        loop.Add(receiver, 1, coalesced: true, mechanism == Busy);
        var data = stackalloc byte[1200];
        var seen = 0;
        void Turns(int count)
        {
            for (var i = 0; i < count; i++)
            {
                loop.Send(sender, address, data, 1200, 0);
                loop.Wait(TimeSpan.FromMilliseconds(20));
                seen += loop.Received.Length;
            }
        }

        Turns(200);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Turns(200);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(seen > 300);
        Close(sender, [receiver]);
    });

    [Theory]
    [InlineData("io_uring")]
    [InlineData(Busy)]
    [InlineData("epoll")]
    public void A_wake_from_another_thread_ends_the_wait_and_a_removed_socket_frees_its_port(string mechanism) => OnThread(() =>
    {
        using var loop = Create(mechanism);
        var socket = Open(false);
        var address = DatagramSocket.LocalAddress(socket);
        loop.Add(socket, 5, coalesced: false, mechanism == Busy);
        using var waker = new Timer(_ => loop.Wake(), null, 30, Timeout.Infinite);
        var clock = global::System.Diagnostics.Stopwatch.StartNew();
        loop.Wait(TimeSpan.FromSeconds(20));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
        loop.Remove(socket, 5);
        var again = -1;
        for (var attempt = 0; attempt < 100 && again < 0; attempt++)
        {
            loop.Wait(TimeSpan.FromMilliseconds(1));
            again = DatagramSocket.TryOpen(address, default);
        }

        Assert.True(again > 0, $"the port is still in use: {again}");
        DatagramSocket.Close(again);
    });

    [Theory]
    [InlineData("io_uring")]
    [InlineData(Busy)]
    [InlineData("epoll")]
    public void A_turn_stays_within_its_budget_and_no_socket_waits_for_another_to_run_dry(string mechanism) => OnThread(() =>
    {
        const int Sockets = 40;
        const int Each = 120;
        using var loop = Create(mechanism);
        var sender = Open(false);
        var receivers = Enumerable.Range(0, Sockets).Select(_ => Open(false)).ToArray();
        var data = stackalloc byte[20];
        foreach (var address in receivers.Select(DatagramSocket.LocalAddress))
        {
            for (var i = 0; i < Each; i++)
                loop.Send(sender, address, data, 20, 0);
            loop.Flush();
        }

        for (var i = 0; i < Sockets; i++)
            loop.Add(receivers[i], i, coalesced: false, mechanism == Busy);
        var (total, served) = (0, new int[Sockets]);
        for (var turn = 0; turn < 1000 && total < Sockets * Each; turn++)
        {
            loop.Wait(TimeSpan.FromMilliseconds(50));
            Assert.InRange(loop.Received.Length, 0, DatagramLoop.Budget);
            foreach (var entry in loop.Received)
            {
                served[entry.Token]++;
                if (++total == Sockets * Each / 2)
                    Assert.All(served, count => Assert.True(count > 0));
            }
        }

        Assert.All(served, count => Assert.Equal(Each, count));
        Close(sender, receivers);
    });

    [Fact]
    public void Busy_sockets_and_many_others_that_are_never_empty_all_get_their_part_of_each_turn() => OnThread(() =>
    {
        const int Others = 30;
        const int Each = 100;
        using var loop = Create(Busy);
        var sender = Open(false);
        var receivers = Enumerable.Range(0, Others + 2).Select(_ => Open(false)).ToArray();
        var data = stackalloc byte[20];
        foreach (var address in receivers.Select(DatagramSocket.LocalAddress))
        {
            for (var i = 0; i < Each; i++)
                loop.Send(sender, address, data, 20, 0);
            loop.Flush();
        }

        for (var i = 0; i < receivers.Length; i++)
            loop.Add(receivers[i], i, coalesced: false, isBusy: i >= Others);
        var served = new int[Others + 2];
        for (var turn = 0; turn < 1000 && served.Sum() < served.Length * Each; turn++)
        {
            loop.Wait(TimeSpan.FromMilliseconds(50));
            Assert.InRange(loop.Received.Length, 0, DatagramLoop.Budget);
            foreach (var entry in loop.Received)
                served[entry.Token]++;

            // Their part is 64 of a turn at least, so two queues of 100 are empty long before the others'.
            if (turn == 4)
                Assert.All(served[Others..], count => Assert.Equal(Each, count));
        }

        Assert.All(served, count => Assert.Equal(Each, count));
        Close(sender, receivers);
    });

    [Theory]
    [InlineData("io_uring")]
    [InlineData(Busy)]
    [InlineData("epoll")]
    public void A_datagram_that_is_too_long_is_left_out_and_disturbs_none_of_its_turn(string mechanism) => OnThread(() =>
    {
        using var loop = Create(mechanism);
        var sender = Open(false);
        int[] receivers = [Open(false), Open(false)];
        var data = stackalloc byte[3 * 4000];
        for (var i = 0; i < 3; i++)
            new Span<byte>(data + (i * 4000), 4000).Fill((byte)(i + 1));
        var addresses = receivers.Select(DatagramSocket.LocalAddress).ToArray();
        loop.Send(sender, addresses[0], data, 3000, 0);
        loop.Send(sender, addresses[0], data + 4000, 30, 0);
        loop.Send(sender, addresses[1], data + 8000, 40, 0);
        loop.Flush();
        for (var i = 0; i < 2; i++)
            loop.Add(receivers[i], i, coalesced: false, mechanism == Busy);
        var seen = new List<(int Token, int Length, byte First)>();
        for (var turn = 0; turn < 100 && seen.Count < 2; turn++)
        {
            loop.Wait(TimeSpan.FromMilliseconds(50));
            foreach (var entry in loop.Received)
                seen.Add((entry.Token, entry.Length, entry.Payload[0]));
        }

        Assert.Equal([(0, 30, 2), (1, 40, 3)], [.. seen.Order()]);
        Close(sender, receivers);
    });

    [Theory]
    [InlineData(160, 2, false)]
    [InlineData(160, 3, false)]
    [InlineData(160, 4, true)]
    [InlineData(1200, 2, true)]
    public void Datagrams_of_a_flow_leave_as_a_train_only_when_they_are_many_or_large_and_always_in_order(int size, int count, bool train) => OnThread(() =>
    {
        using var loop = Create("io_uring");
        var sender = Open(false);
        var receivers = Enumerable.Range(0, 5).Select(_ => Open(true)).ToArray();
        var addresses = receivers.Select(DatagramSocket.LocalAddress).ToArray();
        var data = stackalloc byte[1200 * 4];
        for (var i = 0; i < count; i++)
            new Span<byte>(data + (i * 1200), 1200).Fill((byte)i);

        // Flow by flow: two flows may fall on one slot of the batch's memory of recent flows, and then each ends the other's train.
        foreach (var address in addresses)
        {
            for (var i = 0; i < count; i++)
                loop.Send(sender, address, data + (i * 1200), size, 0);
        }

        for (var i = 0; i < receivers.Length; i++)
            loop.Add(receivers[i], i, coalesced: true);
        var next = new int[receivers.Length];
        for (var turn = 0; turn < 100 && next.Sum() < count * receivers.Length; turn++)
        {
            loop.Wait(TimeSpan.FromMilliseconds(50));
            foreach (var entry in loop.Received)
            {
                Assert.Equal(train, entry.SegmentSize < entry.Length);
                for (var at = 0; at < entry.Length; at += size)
                    Assert.Equal(next[entry.Token]++, entry.Payload[at]);
            }
        }

        Assert.All(next, seen => Assert.Equal(count, seen));
        Close(sender, receivers);
    });

    [Theory]
    [InlineData("io_uring")]
    [InlineData(Busy)]
    [InlineData("epoll")]
    public void An_ICMP_error_is_read_with_its_destination(string mechanism) => OnThread(() =>
    {
        using var loop = Create(mechanism);
        var socket = DatagramSocket.TryOpen(TransportAddress.Parse("127.0.0.1:0"), new DatagramSocketOptions { ReportErrors = true });
        loop.Add(socket, 2, coalesced: false, mechanism == Busy);
        var nobody = TransportAddress.Parse("127.0.0.1:9");
        var data = stackalloc byte[4];
        loop.Send(socket, nobody, data, 4, 0);
        var failed = false;
        for (var attempt = 0; attempt < 100 && !failed; attempt++)
        {
            loop.Wait(TimeSpan.FromMilliseconds(20));
            foreach (var entry in loop.Received)
                failed |= entry.Error != 0;
        }

        Assert.True(failed);
        Assert.True(DatagramSocket.TryReadError(socket, out var report));
        Assert.Equal(nobody, report.Destination);
        Assert.Equal((3, 3), (report.Type, report.Code));
        DatagramSocket.Close(socket);
    });

    private static DatagramLoop Create(string mechanism)
    {
        if (mechanism == "epoll")
            return new BatchLoop();
        Assert.StartsWith("io_uring", mechanism, StringComparison.Ordinal);
        Assert.True(UringLoop.TryCreate(out var loop, out var error), $"io_uring is refused with error {error}.");
        return loop;
    }

    private static int Open(bool coalesce)
    {
        var descriptor = DatagramSocket.TryOpen(TransportAddress.Parse("127.0.0.1:0"), new DatagramSocketOptions
        {
            Coalesce = coalesce,
            ReportTrafficClass = true,
            ReceiveBuffer = 1 << 20,
        });
        Assert.True(descriptor > 0);
        return descriptor;
    }

    private static void Close(int sender, int[] receivers)
    {
        DatagramSocket.Close(sender);
        foreach (var receiver in receivers)
            DatagramSocket.Close(receiver);
    }

    /// <summary>A ring belongs to the thread that made it, and the stack of a test thread is not ours.</summary>
    private static void OnThread(Action body)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                body();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
            throw new InvalidOperationException(failure.ToString(), failure);
    }
}
