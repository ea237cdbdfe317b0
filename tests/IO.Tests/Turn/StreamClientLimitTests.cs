using System.IO.Pipelines;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn;
using MediaRelay.Turn.IO.Shards;
using MediaRelay.Turn.IO.Streams;
using Microsoft.AspNetCore.Connections;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>What connections over TCP and TLS may cost: strangers are few and short-lived, and who reads slowly loses media, then the connection.</summary>
public sealed class StreamClientLimitTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void An_address_holds_256_strangers_and_no_more()
    {
        var strangers = new PendingConnections(256, 8192, _time);
        for (var i = 0; i < 256; i++)
            Assert.True(strangers.TryAdd(Client(strangers, "192.0.2.1", i)));
        Assert.False(strangers.TryAdd(Client(strangers, "192.0.2.1", 256)));
        Assert.True(strangers.TryAdd(Client(strangers, "192.0.2.2", 257)));
    }

    [Fact]
    public void A_full_node_closes_its_oldest_stranger_for_a_new_one()
    {
        var strangers = new PendingConnections(256, 8192, _time);
        var all = Enumerable.Range(0, 8193).Select(i => Client(strangers, $"192.0.{i / 200}.{i % 200}", i)).ToList();
        Assert.All(all, client => Assert.True(strangers.TryAdd(client)));
        Assert.True(all[0].IsClosed);
        Assert.DoesNotContain(all.Skip(1), client => client.IsClosed);
        Assert.Equal(8192, strangers.Count);
    }

    /// <summary>Spoken, allocated, seconds, whether the sweep closes it.</summary>
    [Theory]
    [InlineData(false, false, 9, false)]
    [InlineData(false, false, 11, true)]
    [InlineData(true, false, 11, false)]
    [InlineData(true, false, 21, true)]
    [InlineData(true, true, 3600, false)]
    public void A_first_message_is_due_in_10_seconds_and_an_allocation_in_20(bool speaks, bool allocates, int seconds, bool closed)
    {
        var strangers = new PendingConnections(256, 8192, _time);
        var client = Client(strangers, "192.0.2.1", 1);
        Assert.True(strangers.TryAdd(client));
        client.HasSpoken = speaks;
        client.HasAllocation = allocates;
        _time.Advance(TimeSpan.FromSeconds(seconds));
        strangers.Sweep();
        Assert.Equal(closed, client.IsClosed);
    }

    [Fact]
    public void Who_loses_the_allocation_has_20_seconds_for_a_new_one()
    {
        var strangers = new PendingConnections(256, 8192, _time);
        var client = Client(strangers, "192.0.2.1", 1);
        Assert.True(strangers.TryAdd(client));
        client.HasSpoken = true;
        client.HasAllocation = true;
        _time.Advance(TimeSpan.FromHours(1));
        client.HasAllocation = false;
        _time.Advance(TimeSpan.FromSeconds(19));
        strangers.Sweep();
        Assert.False(client.IsClosed);
        _time.Advance(TimeSpan.FromSeconds(2));
        strangers.Sweep();
        Assert.True(client.IsClosed);
    }

    [Fact]
    public async Task A_slow_reader_loses_media_above_256_KiB_and_the_connection_above_1_MiB()
    {
        var outgoing = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        var incoming = new Pipe();
        await using var connection = new DefaultConnectionContext("slow", new DuplexPipe(incoming.Reader, outgoing.Writer), new DuplexPipe(outgoing.Reader, incoming.Writer));
        var strangers = new PendingConnections(256, 8192, _time);
        var client = new StreamClient(connection, null!, []) { Number = 1, Client = new FiveTuple(TransportAddress.Parse("192.0.2.1:1000"), 0, 1), Strangers = strangers };
        var message = new byte[1204];
        ChannelData.WriteHeader(message, 0x4000, 1200);
        var media = 0;
        while (client.TrySend(message, isMedia: true))
            media += message.Length;
        Assert.InRange(media, (256 * 1024) - message.Length, 256 * 1024);
        Assert.False(connection.ConnectionClosed.IsCancellationRequested);

        // Control still passes, up to a mebibyte in all.
        var control = 0;
        while (client.TrySend(message, isMedia: false))
            control += message.Length;
        Assert.InRange(media + control, (1024 * 1024) - message.Length, 1024 * 1024);
        var closed = new TaskCompletionSource();
        await using var registration = connection.ConnectionClosed.Register(closed.SetResult);
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(client.TrySend(message, isMedia: false));
    }

    /// <summary>A stranger whose answer waits because it reads nothing: the sweep does not wait with it.</summary>
    [Fact]
    public async Task A_stranger_that_does_not_read_is_swept_like_any_other()
    {
        await using var connection = Stuck();
        var strangers = new PendingConnections(256, 8192, _time);
        var client = Writing(connection, strangers);
        Assert.True(strangers.TryAdd(client));
        client.HasSpoken = true;
        _time.Advance(TimeSpan.FromSeconds(21));
        strangers.Sweep();
        await ClosedAsync(connection);
        Assert.Equal(0, strangers.Count);
    }

    [Fact]
    public async Task Closing_waits_two_seconds_for_who_does_not_read()
    {
        await using var connection = Stuck();
        var client = Writing(connection, new PendingConnections(256, 8192, _time));
        client.Close();
        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(connection.ConnectionClosed.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        await ClosedAsync(connection);
    }

    [Fact]
    public async Task Waiting_for_a_client_that_does_not_read_ends_with_its_connection()
    {
        await using var connection = Stuck();
        var client = Writing(connection, new PendingConnections(256, 8192, _time));
        using var stop = new CancellationTokenSource();
        var drained = client.DrainAsync(stop.Token);
        Assert.False(drained.IsCompleted);
        await stop.CancelAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => drained.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    /// <summary>A connection whose other side takes nothing.</summary>
    private static DefaultConnectionContext Stuck()
    {
        var outgoing = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        var incoming = new Pipe();
        return new DefaultConnectionContext("stuck", new DuplexPipe(incoming.Reader, outgoing.Writer), new DuplexPipe(outgoing.Reader, incoming.Writer));
    }

    private static StreamClient Writing(DefaultConnectionContext connection, PendingConnections strangers)
    {
        var client = new StreamClient(connection, null!, []) { Number = 1, Client = new FiveTuple(TransportAddress.Parse("192.0.2.1:1000"), 0, 1), Strangers = strangers };
        Assert.True(client.TrySend(new byte[100], isMedia: false));
        return client;
    }

    private static async Task ClosedAsync(DefaultConnectionContext connection)
    {
        var closed = new TaskCompletionSource();
        await using var registration = connection.ConnectionClosed.Register(closed.SetResult);
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private static FakeClient Client(PendingConnections strangers, string address, int number) =>
        new() { Number = number + 1, Client = new FiveTuple(TransportAddress.Parse($"{address}:1000"), 0, number + 1), Strangers = strangers };

    private sealed class FakeClient : ClientConnection
    {
        public bool IsClosed { get; private set; }

        public override bool TrySend(ReadOnlySpan<byte> bytes, bool isMedia) => true;

        public override void Close() => IsClosed = true;

        public override void MoveTo(RelayShard shard)
        {
        }
    }

    private sealed class DuplexPipe(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input { get; } = input;

        public PipeWriter Output { get; } = output;
    }
}
