using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace MediaRelay.Turn.IO.Dtls;

/// <summary>Messages from shards to be encrypted: bounded, a full box drops (DTLS clients bear loss).</summary>
internal sealed class DtlsOutbox(Action wake)
{
    private const int Capacity = 8192;

    private readonly Channel<(DtlsClient Client, byte[]? Rented, int Length)> _channel =
        Channel.CreateBounded<(DtlsClient, byte[]?, int)>(new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    // Closing must not get lost behind a full box; there are at most as many as connections.
    private readonly System.Collections.Concurrent.ConcurrentQueue<DtlsClient> _closing = new();
    private int _asleep;

    public bool TryPost(DtlsClient client, ReadOnlySpan<byte> bytes)
    {
        var rented = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(rented);
        if (!_channel.Writer.TryWrite((client, rented, bytes.Length)))
        {
            Return(rented);
            return false;
        }

        Nudge();
        return true;
    }

    public void PostClose(DtlsClient client)
    {
        _closing.Enqueue(client);
        Nudge();
    }

    /// <summary>Takes the next message, or, once messages are gone, a client to close (no bytes).</summary>
    public bool TryTake([NotNullWhen(true)] out DtlsClient? client, out byte[]? rented, out int length)
    {
        if (_channel.Reader.TryRead(out var item))
        {
            (client, rented, length) = item;
            return true;
        }

        rented = null;
        length = 0;
        return _closing.TryDequeue(out client);
    }

    public bool TrySleep()
    {
        Volatile.Write(ref _asleep, 1);
        Interlocked.MemoryBarrier();
        return _channel.Reader.Count == 0 && _closing.IsEmpty;
    }

    public void Awake() => Volatile.Write(ref _asleep, 0);

    public static void Return(byte[]? rented)
    {
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
    }

    private void Nudge()
    {
        if (Interlocked.Exchange(ref _asleep, 0) == 1)
            wake();
    }
}
