using System.Buffers;
using System.Threading.Channels;
using MediaRelay.Turn.IO.Sockets;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>One thing that another thread wants a shard to know.</summary>
/// <param name="Origin">One more than the index of the shard that handed a datagram over; 0 for none.</param>
internal readonly record struct ShardMessage(ClientConnection? Client, byte[]? Rented, int Length, bool IsClosed, Action<RelayShard>? Work, FiveTuple From = default, int Origin = 0);

/// <summary>
/// The bounded mailbox of a shard: frames of stream and DTLS clients, and rare work such as snapshots. Datagrams never pass here.
/// A full mailbox makes the sender wait, which in turn stops reading from its client.
/// </summary>
internal sealed class ShardInbox(Action wake)
{
    private const int Capacity = 4096;

    private readonly Channel<ShardMessage> _channel = Channel.CreateBounded<ShardMessage>(new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private int _asleep;

    public bool IsEmpty => _channel.Reader.Count == 0;

    public async ValueTask PostFrameAsync(ClientConnection client, ReadOnlyMemory<byte> frame, CancellationToken stop)
    {
        await _channel.Writer.WriteAsync(Frame(client, frame.Span), stop);
        Nudge();
    }

    /// <summary>Posts without waiting; a full mailbox drops the frame and returns false.</summary>
    public bool TryPostFrame(ClientConnection client, ReadOnlySpan<byte> frame)
    {
        var message = Frame(client, frame);
        if (_channel.Writer.TryWrite(message))
        {
            Nudge();
            return true;
        }

        ArrayPool<byte>.Shared.Return(message.Rented!);
        return false;
    }

    /// <summary>A datagram of a client that belongs here although the kernel gave it to another shard.</summary>
    public bool TryPostHandOver(in FiveTuple from, ReadOnlySpan<byte> datagram, int origin)
    {
        var rented = ArrayPool<byte>.Shared.Rent(datagram.Length);
        datagram.CopyTo(rented);
        if (_channel.Writer.TryWrite(new ShardMessage(null, rented, datagram.Length, false, null, from, origin + 1)))
        {
            Nudge();
            return true;
        }

        ArrayPool<byte>.Shared.Return(rented);
        return false;
    }

    public async ValueTask PostClosedAsync(ClientConnection client)
    {
        await _channel.Writer.WriteAsync(new ShardMessage(client, null, 0, true, null));
        Nudge();
    }

    /// <summary>As <see cref="PostClosedAsync"/> from a thread that must not wait: retried by the pool while the mailbox is full.</summary>
    public bool TryPostClosed(ClientConnection client)
    {
        var posted = PostClosedAsync(client);
        return posted.IsCompleted || posted.AsTask().IsCompleted;
    }

    public async ValueTask PostAsync(Action<RelayShard> work)
    {
        await _channel.Writer.WriteAsync(new ShardMessage(null, null, 0, false, work));
        Nudge();
    }

    public bool TryPost(Action<RelayShard> work)
    {
        var written = _channel.Writer.TryWrite(new ShardMessage(null, null, 0, false, work));
        Nudge();
        return written;
    }

    public bool TryTake(out ShardMessage message) => _channel.Reader.TryRead(out message);

    /// <summary>The shard is about to wait; returns false when something came in meanwhile, so it must not.</summary>
    public bool TrySleep()
    {
        Volatile.Write(ref _asleep, 1);
        Interlocked.MemoryBarrier();
        return IsEmpty;
    }

    public void Awake() => Volatile.Write(ref _asleep, 0);

    /// <summary>Wakes the shard only when it sleeps: one system call per sleep, not per message.</summary>
    private void Nudge()
    {
        if (Interlocked.Exchange(ref _asleep, 0) == 1)
            wake();
    }

    private static ShardMessage Frame(ClientConnection client, ReadOnlySpan<byte> frame)
    {
        // Room in front for nothing, behind for padding that the engine may add.
        var rented = ArrayPool<byte>.Shared.Rent(frame.Length + 4);
        frame.CopyTo(rented);
        return new ShardMessage(client, rented, frame.Length, false, null);
    }
}
